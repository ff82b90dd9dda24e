import LocalServer
import Testing

@testable import Sandbox

@Suite("Tests control the sandbox")
struct ControlTests {
  private func clock(_ body: String, _ rig: inout Rig) -> LocalResponse {
    rig.raw("POST", "/sandbox/clock", body, as: nil)
  }

  @Test("The clock is turned forward, never back, and a reset takes it to its beginning")
  func clock() {
    var rig = Rig { $0.clock = .frozen(1_772_366_400_000) }
    let start: JSONValue = ["mode": "frozen", "now": "2026-03-01T12:00:00.000Z"]
    #expect(rig.raw("GET", "/sandbox/clock").json == start)
    rig.time.advance(seconds: 60)
    #expect(rig.raw("GET", "/sandbox/clock").json == start)
    let turned = clock(#"{"advance":"6h"}"#, &rig)
    #expect(turned.status == 200 && turned.json["now"] == "2026-03-01T18:00:00.000Z")
    #expect(turned.json["due"] == [])
    for body in [
      #"{"advance":"-1h"}"#, #"{"mode":"2026-03-01T12:00:00Z"}"#, #"{"mode":"real"}"#, "{}", "[]",
      #"{"advance":"6 hours"}"#, #"{"mode":"odd"}"#, #"{"hours":6}"#, "",
      #"{"mode":"frozen@2026-03-01T17:59:59Z"}"#,
    ] {
      #expect(clock(body, &rig).status == 400, "\(body)")
    }
    #expect(rig.raw("GET", "/sandbox/clock").json["now"] == "2026-03-01T18:00:00.000Z")
    let runs = clock(#"{"mode":"2026-04-01T00:00:00Z","advance":"1h"}"#, &rig)
    #expect(runs.json["mode"] == "offset" && runs.json["now"] == "2026-04-01T01:00:00.000Z")
    rig.time.advance(seconds: 1)
    #expect(rig.raw("GET", "/sandbox/clock").json["now"] == "2026-04-01T01:00:01.000Z")
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(rig.raw("GET", "/sandbox/clock").json == start)
  }

  @Test("A token expires when the clock is turned past its end")
  func tokenExpires() {
    var rig = Rig { $0.clock = .frozen(nil) }
    let token = rig.token("read")
    #expect(rig.call("GET", "/courses", as: token).status == 200)
    _ = clock(#"{"advance":"301s"}"#, &rig)
    #expect(rig.call("GET", "/courses", as: token).status == 401)
  }

  @Test("Verification counts calls by body, path and query, and shows what came close")
  func verify() {
    var rig = Rig()
    rig.importCourse("golf")
    for id in ["a", "b"] { _ = rig.register(id, course: "golf", learner: "ada") }
    _ = rig.call("GET", "/registrations/a")
    _ = rig.call("GET", "/registrations?courseId=golf&includeTotalCount=true")
    func verify(_ body: String) -> LocalResponse {
      rig.raw("POST", "/sandbox/verify", body, as: nil)
    }
    for body in [
      #"{"operation":"CreateRegistration","times":2}"#,
      #"{"operation":"CreateRegistration"}"#,
      #"{"operation":"DeleteCourse","times":0}"#,
      #"{"operation":"CreateRegistration","times":1,"where":{"registrationId":"a"}}"#,
      #"{"operation":"CreateRegistration","times":2,"where":{"learner":{"id":"ada"},"courseId":"golf"}}"#,
      #"{"operation":"CreateRegistration","times":2,"where":{"learner.id":"ada","status":204}}"#,
      #"{"operation":"GetRegistrationProgress","where":{"registrationId":"a","method":"GET"}}"#,
      #"{"operation":"GetRegistrations","where":{"courseId":"golf","includeTotalCount":true}}"#,
    ] {
      let answer = verify(body)
      #expect(answer.status == 200, "\(body): \(answer.text)")
    }
    let miss = verify(
      #"{"operation":"CreateRegistration","times":1,"where":{"courseId":"tennis","registrationId":"b"}}"#
    )
    #expect(miss.status == 409)
    #expect(miss.json["found"] == 0 && miss.json["expected"] == 1)
    let misses = miss.json["nearMisses"]?.elements ?? []
    #expect(misses.count == 2)
    #expect(
      misses.first?["differs"] == [["field": "courseId", "expected": "tennis", "found": "golf"]])
    let never = verify(#"{"operation":"DeleteCourse"}"#)
    #expect(never.status == 409 && never.json["nearMisses"] == [])
    #expect(never.json["otherOperations"]?["CreateRegistration"] == 2)
    for body in [
      #"{"operation":"Nothing"}"#, "{}", #"{"operation":"GetCourse","times":-1}"#, "7",
      #"{"operation":"GetCourse","when":1}"#, #"{"operation":"GetCourse","where":[]}"#,
    ] {
      #expect(verify(body).status == 400, "\(body)")
    }
  }

  @Test("Calls can be asked for by operation and time")
  func calls() {
    var rig = Rig { $0.clock = .frozen(1_772_366_400_000) }
    _ = rig.call("GET", "/ping")
    _ = clock(#"{"advance":"1h"}"#, &rig)
    _ = rig.call("GET", "/ping")
    _ = rig.call("GET", "/courses")
    func count(_ query: String) -> Int? {
      rig.raw("GET", "/sandbox/calls?\(query)", as: nil).json["calls"]?.elements?.count
    }
    #expect(count("") == 3)
    #expect(count("operation=PingAppId") == 2)
    #expect(count("since=2026-03-01T13:00:00Z") == 2)
    #expect(count("operation=PingAppId&since=2026-03-01T13:00:00Z") == 1)
    for query in ["operation=Nothing", "since=now", "until=2026-03-01"] {
      #expect(rig.raw("GET", "/sandbox/calls?\(query)", as: nil).status == 400)
    }
  }

  @Test("A control path that is not there names those that are")
  func paths() {
    var rig = Rig()
    let answer = rig.raw("GET", "/sandbox/fault", as: nil)
    #expect(answer.status == 404 && answer.message?.contains("/sandbox/faults") == true)
    #expect(rig.raw("POST", "/sandbox/faults", as: nil).field("Allow") == "GET, PUT, DELETE")
  }
}
