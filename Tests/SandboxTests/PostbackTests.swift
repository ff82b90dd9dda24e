import LocalServer
import Synchronization
import Testing

@testable import Sandbox

/// A caller's system that records the postbacks it receives, and answers as the test says.
final class Receiver: Sendable {
  private let posts = Mutex<[Postback]>([])
  private let outcomes = Mutex<[PostbackOutcome]>([])

  var port: PostbackPort {
    PostbackPort(
      send: { postback in self.posts.withLock { $0.append(postback) } },
      takeOutcomes: {
        self.outcomes.withLock { outcomes in
          defer { outcomes = [] }
          return outcomes
        }
      })
  }

  var received: [Postback] { posts.withLock { $0 } }

  func answer(_ status: Int) {
    guard let last = received.last else { return }
    outcomes.withLock { $0.append(last.outcome(status: status)) }
  }
}

@Suite("Postbacks")
struct PostbackTests {
  private let receiver = Receiver()

  private func rig(_ postBack: String) -> Rig {
    var rig = Rig { $0.postbacks = receiver.port }
    rig.importCourse("c")
    let body = """
      {"courseId":"c","registrationId":"r","learner":{"id":"l"},"postBack":\(postBack)}
      """
    #expect(rig.call("POST", "/registrations", body).status == 204)
    return rig
  }

  private func finish(_ rig: inout Rig) {
    let body = #"{"registrationId":"r","completion":"COMPLETED"}"#
    #expect(rig.raw("POST", "/sandbox/progress", body, as: nil).status == 200)
  }

  @Test("A form carries the data, the user and the password")
  func form() throws {
    // Postback page: "form ... data, userName, password".
    var rig = rig(#"{"url":"https://lms.example/p","userName":"u v","password":"p&q"}"#)
    finish(&rig)
    let post = try #require(receiver.received.first)
    #expect(post.url == "https://lms.example/p")
    #expect(post.contentType == "application/x-www-form-urlencoded; charset=UTF-8")
    #expect(post.authorization == nil)
    let fields = FormFields(String(decoding: post.body, as: UTF8.self))
    #expect(fields["userName"] == "u v" && fields["password"] == "p&q")
    let data = try JSONValue(json: Array((fields["data"] ?? "").utf8))
    #expect(data == rig.call("GET", "/registrations/r").json)
  }

  @Test("Basic carries the credential in the header and the data as JSON")
  func basic() throws {
    var rig = rig(
      #"{"url":"https://lms.example/p","authType":"httpbasic","userName":"u","password":"p"}"#)
    finish(&rig)
    let post = try #require(receiver.received.first)
    #expect(post.contentType == "application/json; charset=UTF-8")
    #expect(post.authorization == "Basic dTpw")
    #expect(try JSONValue(json: post.body)["registrationCompletion"] == "COMPLETED")
  }

  @Test("3xx is success: nothing is sent again")
  func redirects() {
    // Postback page: "We consider 3xx status codes ... to be successful".
    var rig = rig(#"{"url":"https://lms.example/p"}"#)
    finish(&rig)
    receiver.answer(302)
    rig.time.advance(seconds: 86_400)
    _ = rig.call("GET", "/ping")
    #expect(receiver.received.count == 1)
  }

  @Test("A failed postback is sent again up to 70 times, after 1 second to 15 minutes each")
  func retries() {
    // Postback page: "We retry failed requests up to 70 times", "at least 1 second", "maximum of 15 minutes".
    var rig = rig(#"{"url":"https://lms.example/p"}"#)
    finish(&rig)
    for attempt in 1...70 {
      receiver.answer(attempt.isMultiple(of: 2) ? 503 : 0)
      _ = rig.call("GET", "/ping")
      #expect(receiver.received.count == attempt, "not before its time")
      rig.time.advance(seconds: 900)
      _ = rig.call("GET", "/ping")
      #expect(receiver.received.count == attempt + 1)
    }
    receiver.answer(500)
    rig.time.advance(seconds: 86_400)
    _ = rig.call("GET", "/ping")
    #expect(receiver.received.count == 71)
    #expect(Set(receiver.received.map(\.body)).count == 1)
  }

  @Test("Waits grow, and stay within their bounds whatever chance says")
  func waits() {
    for failures in 0...100 {
      for chance in [0, UInt64.max, 12_345] {
        #expect(Postback.waits.contains(Postback.wait(after: failures, chance: chance)))
      }
    }
    #expect(Postback.wait(after: 9, chance: 0) > Postback.wait(after: 3, chance: 0))
  }

  @Test("A test postback is sent at once and not again, whatever becomes of it")
  func test() {
    // Client: TestRegistrationPostback; postback page: "will not be retried".
    var rig = rig("null")
    let body =
      #"{"url":"https://lms.example/t","authType":"HTTPBASIC","userName":"u","password":"p"}"#
    #expect(rig.call("POST", "/registrations/postBackTest", body).status == 204)
    #expect(receiver.received.map(\.url) == ["https://lms.example/t"])
    receiver.answer(500)
    rig.time.advance(seconds: 86_400)
    _ = rig.call("GET", "/ping")
    #expect(receiver.received.count == 1)
    #expect(rig.call("POST", "/registrations/postBackTest", #"{"url":"x"}"#).status == 400)
  }

  @Test(
    "The address comes from the registration, else from its settings, the course's, the application's"
  )
  func inheritance() {
    // Configuration page: "it will crawl up the levels until it finds something it can use".
    var rig = rig("null")
    func set(_ path: String, _ url: String) {
      let body: JSONValue = [
        "settings": [
          ["settingId": "ApiRollupRegistrationPostBackUrl", "value": .string(url)]
        ]
      ]
      #expect(rig.call("POST", path, body.text).status == 204)
      finish(&rig)
    }
    finish(&rig)
    #expect(receiver.received.isEmpty)
    set("/appManagement/configuration", "https://lms.example/application")
    set("/courses/c/configuration", "https://lms.example/course")
    set("/registrations/r/configuration", "https://lms.example/registration")
    #expect(
      receiver.received.map(\.url) == [
        "https://lms.example/application", "https://lms.example/course",
        "https://lms.example/registration",
      ])
  }

  @Test("The end of an import is told to its postback address")
  func importJob() throws {
    // Client: CreateFetchAndImportCourseJob.postbackUrl.
    var rig = rig("null")
    let job =
      rig.call(
        "POST", "/courses/importJobs?courseId=n&postbackUrl=https%3A%2F%2Flms.example%2Fi",
        #"{"url":"https://example.com/c.zip"}"#
      ).json["result"]?.string ?? ""
    for _ in 1...2 { _ = rig.call("GET", "/courses/importJobs/\(job)") }
    let post = try #require(receiver.received.first)
    #expect(try JSONValue(json: post.body)["status"] == "COMPLETE")
    let bad = "/courses/importJobs?courseId=m&postbackUrl=nowhere"
    #expect(rig.call("POST", bad, #"{"url":"https://example.com/c.zip"}"#).status == 400)
  }
}
