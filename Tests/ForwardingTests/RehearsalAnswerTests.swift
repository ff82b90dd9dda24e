import AccessTokens
import Foundation
import Memory
import SCORMCloudAPI
import Testing

@testable import Forwarding

@Suite("What a caller is told of a call that is not sent")
struct RehearsalAnswerTests {
  private func document(
    _ head: String, _ plan: RequestPlan, _ change: (inout RehearsalAnswer) -> Void = { _ in }
  ) throws -> [String: Any] {
    var answer = RehearsalAnswer(plan)
    change(&answer)
    var out = ByteBuffer()
    answer.put(Array(head.utf8).span.bytesOfElements, into: &out)
    let object = try JSONSerialization.jsonObject(with: Data(out.bytes.text.utf8))
    return try #require(object as? [String: Any])
  }

  private static let head =
    "POST /api/v2/registrations?x=1 HTTP/1.1\r\nHost: cloud.example\r\nContent-Type: text/plain\r\n"
    + "X-Empty: \r\nX-Mark: \"a\\b\": c\r\n"

  @Test("names each field of the head in its order, and masks the credential, which is not in it")
  func fields() throws {
    var plan = RequestPlan()
    plan.operation = try #require(
      OperationTable.all.first { "\($0.name)" == "CreateRegistration" }?.index)
    for (credential, shown) in [
      (CredentialChoice.token(TokenSlot(index: 3)), "Bearer ***"), (.basic, "Basic ***"),
      (.none, nil),
    ] {
      plan.credential = credential
      let document = try document(Self.head, plan) {
        $0.origin = "https://cloud.example"
        $0.bodyLength = 12
      }
      #expect(document["upstream"] as? String == "https://cloud.example/api/v2/registrations?x=1")
      #expect(document["operation"] as? String == "CreateRegistration")
      #expect(document["credential"] as? String == "\(credential.name)")
      let sent = try #require(document["would_send"] as? [String: Any])
      #expect(sent["method"] as? String == "POST" && sent["host"] as? String == "cloud.example")
      #expect(sent["target"] as? String == "/api/v2/registrations?x=1")
      let fields = try #require(sent["fields"] as? [[String: String]])
      let expected = [
        ["name": "Content-Type", "value": "text/plain"], ["name": "X-Empty", "value": ""],
        ["name": "X-Mark", "value": "\"a\\b\": c"],
      ]
      #expect(
        fields == expected + (shown.map { [["name": "Authorization", "value": $0]] } ?? []))
      let body = try #require(sent["body"] as? [String: Any])
      #expect(body["type"] as? String == "text/plain" && body["length"] as? Int == 12)
    }
  }

  @Test(
    "tells of a body without a type, and of one that was not read to its end, that it is not known")
  func unknown() throws {
    let document = try document("PUT /a HTTP/1.1\r\nHost: h\r\n", RequestPlan())
    let sent = try #require(document["would_send"] as? [String: Any])
    let body = try #require(sent["body"] as? [String: Any])
    #expect(body["type"] is NSNull && body["length"] is NSNull)
    #expect((sent["fields"] as? [Any])?.isEmpty == true && document["operation"] == nil)
  }
}
