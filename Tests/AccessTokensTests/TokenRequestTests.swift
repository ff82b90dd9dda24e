import Foundation
import Memory
import Testing

@testable import AccessTokens

@Suite("Requests for tokens")
struct TokenRequestTests {
  private func body(
    _ endpoint: TokenEndpoint, scopes: String, lifetime: Int64 = 900, wallClock: Int64 = 0
  ) -> String {
    var out = ByteBuffer()
    endpoint.putBody(scopes: scopes, lifetime: lifetime, wallClock: wallClock, into: &out)
    return out.bytes.text
  }

  @Test("GetAppToken is asked in form fields, as the official clients write them")
  func form() {
    #expect(
      body(.application, scopes: "read:course write:course")
        == "scope=read%3Acourse+write%3Acourse&expiration=900")
    #expect(body(.application, scopes: "a&b=c%", lifetime: 1) == "scope=a%26b%3Dc%25&expiration=1")
  }

  @Test("CreateToken is asked in JSON, with the absolute end in UTC")
  func json() throws {
    let text = body(
      .appManagement, scopes: "read:course write:course", lifetime: 900, wallClock: 1_893_455_100)
    #expect(
      text == #"{"permissions":{"scopes":["read:course","write:course"]},"#
        + #""expiry":"2030-01-01T00:00:00Z"}"#)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
  }

  @Test(
    "an end beyond what a date of four digits can say is the last such date",
    arguments: [
      (253_402_300_799, "9999-12-31T23:59:59Z"), (Int64.max, "9999-12-31T23:59:59Z"),
      (-900, "1970-01-01T00:00:00Z"),
    ] as [(Int64, String)])
  func latestEnd(wallClock: Int64, end: String) {
    let text = body(.appManagement, scopes: "read", lifetime: 900, wallClock: wallClock)
    #expect(text.hasSuffix(#""expiry":"\#(end)"}"#))
  }

  @Test(
    "Basic credentials are id, colon and secret in base 64",
    arguments: [
      ("id", "secret"), ("APP1", ""), ("a", "b:c+%/ é"), ("x", "yz"), ("x", "yzz"),
      ("id", String(repeating: "k", count: 300)),
    ])
  func basic(id: String, key: String) {
    let line = BasicCredential.line(id: id, secret: secret(key))
    let expected = Data("\(id):\(key)".utf8).base64EncodedString()
    #expect(line.bytes.text == "Authorization: Basic \(expected)\r\n")
  }
}
