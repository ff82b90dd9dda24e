import LocalServer
import Testing

@testable import Sandbox

@Suite("Registrations")
struct RegistrationTests {
  private func rig(registrations: [String] = []) -> Rig {
    var rig = Rig()
    rig.importCourse("c")
    for id in registrations { _ = rig.register(id, course: "c", learner: "l-" + id) }
    return rig
  }

  @Test("Refusals carry the texts of the real service")
  func texts() {
    var rig = rig(registrations: ["X"])
    let twice = rig.register("X", course: "c")
    #expect(twice.status == 400)
    #expect(twice.message == "Registration with id [X] already exists")
    let noCourse = rig.register("Y", course: "abc")
    #expect(noCourse.status == 404)
    #expect(noCourse.message == "Could not find course [abc]")
    let missing = rig.call("GET", "/registrations/abc")
    #expect(missing.status == 404)
    #expect(missing.message == "Could not find registration [abc]")
  }

  @Test("HEAD tells whether a registration exists, without a body")
  func head() {
    var rig = rig(registrations: ["X"])
    for (id, status) in [("X", 200), ("Y", 404)] {
      let answer = rig.call("HEAD", "/registrations/\(id)")
      #expect(answer.status == status)
      #expect(answer.bytes.isEmpty)
    }
  }

  @Test(
    "A launch link needs a URL to return to and an expiry of 10 to 300 seconds",
    arguments: [
      (#"{"redirectOnExitUrl":"https://example.com"}"#, 200),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":10}"#, 200),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":300}"#, 200),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":null}"#, 200),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":9}"#, 400),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":301}"#, 400),
      (#"{"redirectOnExitUrl":"https://example.com","expiry":"10"}"#, 400),
      (#"{"redirectOnExitUrl":"nowhere"}"#, 400), (#"{"redirectOnExitUrl":"https://"}"#, 400),
      (#"{"redirectOnExitUrl":"https://a b"}"#, 400), ("{}", 400), ("", 400), ("nonsense", 400),
    ])
  func launchLink(body: String, status: Int) {
    var rig = rig(registrations: ["X"])
    #expect(rig.call("POST", "/registrations/X/launchLink", body).status == status)
    // `PreviewLaunchLinkRequestSchema` does not require it.
    let preview = body.isEmpty || body == "{}" ? 200 : status
    #expect(rig.call("POST", "/courses/c/preview", body).status == preview)
  }

  @Test("The list filters by course, learner, tag, text and time")
  func filters() {
    var rig = rig(registrations: ["a", "b"])
    rig.time.advance(seconds: 60)
    _ = rig.call("PUT", "/registrations/b/tags", #"{"tags":["t"]}"#)
    _ = rig.register("z", course: "c")
    let cases = [
      ("courseId=c", 3), ("courseId=other", 0), ("learnerId=l-a", 1), ("tags=t", 1),
      ("filter=B", 1), ("filter=L-&filterBy=learner_id", 2), ("since=2026-03-01T12:00:30Z", 1),
      ("until=2026-03-01T12:00:30Z", 2),
      ("since=2026-03-01T13:00:30%2B01:00", 1), ("datetimeFilter=created&until=2026-03-01", 0),
    ]
    for (query, count) in cases {
      let answer = rig.call("GET", "/registrations?" + query)
      #expect(answer.json["registrations"]?.elements?.count == count, "\(query)")
    }
    #expect(rig.call("GET", "/registrations?since=yesterday").status == 400)
  }

  @Test("Instances are numbered on, listed and deleted down to the last")
  func instances() {
    var rig = rig(registrations: ["X"])
    #expect(rig.call("POST", "/registrations/X/instances", "{}").status == 204)
    #expect(rig.call("GET", "/registrations/X").json["instance"] == 1)
    #expect(rig.call("GET", "/registrations/X/instances/0").json["instance"] == 0)
    let list = rig.call("GET", "/registrations/X/instances").json["registrations"]
    #expect(list?.elements?.count == 2)
    #expect(rig.call("DELETE", "/registrations/X/instances/0").status == 204)
    #expect(rig.call("GET", "/registrations/X/instances/0/launchHistory").status == 404)
    #expect(rig.call("GET", "/registrations/X/launchHistory").json == ["launchHistory": []])
    // Client: "If deleting the last remaining instance ..., the registration itself will be deleted".
    #expect(rig.call("DELETE", "/registrations/X/instances/1").status == 204)
    #expect(rig.call("HEAD", "/registrations/X").status == 404)
  }

  @Test("A learner's data goes with one call, which only admin may make")
  func learnerData() {
    var rig = rig(registrations: ["a", "b"])
    let path = "/learner/l-a/delete-information"
    let writer = rig.token("write delete")
    #expect(rig.call("POST", path + "?userEmail=a%40b", as: writer).status == 403)
    #expect(rig.call("POST", path).status == 400)
    #expect(rig.call("POST", path + "?userEmail=a%40b", as: rig.token("admin")).status == 204)
    #expect(rig.call("HEAD", "/registrations/a").status == 404)
    #expect(rig.call("HEAD", "/registrations/b").status == 200)
  }

  @Test("The registration limit refuses one more, and says so")
  func limit() {
    var rig = Rig { $0.maximumRegistrations = 1 }
    rig.importCourse("c")
    #expect(rig.register("a", course: "c").status == 204)
    let refused = rig.register("b", course: "c")
    #expect(refused.status == 400)
    #expect(refused.message == "The sandbox keeps at most 1 registrations per application.")
    _ = rig.call("DELETE", "/registrations/a")
    #expect(rig.register("b", course: "c").status == 204)
  }

  @Test("Deleting a course with very many registrations takes them all along")
  func cascade() {
    var rig = rig()
    for i in 0..<5_000 { _ = rig.register("r\(i)", course: "c") }
    rig.importCourse("other")
    #expect(rig.register("kept", course: "other").status == 204)
    #expect(rig.call("DELETE", "/courses/c").status == 204)
    // The deletion is queued, so the registration still exists directly afterwards.
    #expect(rig.call("DELETE", "/registrations/r7").status == 204)
    rig.time.advance(seconds: 5)
    let left = rig.call("GET", "/registrations?includeTotalCount=true")
    #expect(left.field("X-Total-Count") == "1")
    #expect(left.json["registrations"]?.elements?.first?["id"] == "kept")
  }
}
