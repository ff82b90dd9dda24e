import LocalServer
import Testing

@testable import Sandbox

@Suite("The sandbox's state is one document")
struct SnapshotTests {
  private func filled() -> Rig {
    var rig = Rig { $0.clock = .frozen(1_772_366_400_000) }
    rig.importCourse("golf")
    _ = rig.register("r", course: "golf")
    _ = rig.call("PUT", "/courses/golf/tags", #"{"tags":["a"]}"#)
    _ = rig.call("DELETE", "/courses/golf")
    _ = rig.finishImport(rig.upload("courseId=kept", ContentTests.golf))
    _ = rig.raw(
      "PUT", "/sandbox/faults", #"{"faults":[{"operation":"GetCourse","status":503}]}"#, as: nil)
    return rig
  }

  @Test("A snapshot is put back as it came, in this sandbox and in another one")
  func roundTrip() {
    var rig = filled()
    let snapshot = rig.raw("GET", "/sandbox/snapshot", as: nil)
    #expect(snapshot.json["clock"]?["due"]?.elements?.count == 1)
    var other = Rig()
    for name in ["golf", "other"] { other.importCourse(name) }
    #expect(other.raw("PUT", "/sandbox/snapshot", snapshot.text, as: nil).status == 204)
    #expect(other.raw("GET", "/sandbox/snapshot", as: nil).text == snapshot.text)
    #expect(other.call("GET", "/courses/kept").status == 503)
    _ = other.raw("DELETE", "/sandbox/faults", as: nil)
    #expect(other.call("GET", "/courses/kept/zip").kept == ContentTests.golf)
    // What was put off then is done now.
    #expect(other.call("HEAD", "/registrations/r").status == 200)
    let turned = other.raw("POST", "/sandbox/clock", #"{"advance":"1h"}"#, as: nil)
    #expect(turned.json["due"]?.elements?.first?["kind"] == "deletion")
    #expect(other.call("HEAD", "/registrations/r").status == 404)
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(rig.raw("PUT", "/sandbox/snapshot", snapshot.text, as: nil).status == 204)
    #expect(rig.raw("GET", "/sandbox/snapshot", as: nil).text == snapshot.text)
  }

  @Test("A snapshot with mistakes changes nothing and tells all of them with their places")
  func mistakes() {
    var rig = filled()
    let before = rig.raw("GET", "/sandbox/snapshot", as: nil).text
    let answer = rig.raw(
      "PUT", "/sandbox/snapshot",
      #"""
      {"clock":{"mode":"odd"},"faults":[{"operation":"Nothing","status":500}],
      "applications":[{"id":"A","courses":[{"id":"c","titel":"x"},{"id":7}]}],"colour":1}
      """#, as: nil)
    #expect(answer.status == 400)
    let problems = answer.json["problems"]?.strings ?? []
    for place in [
      "clock", "faults[0].operation", "applications[0].courses[0].titel",
      "applications[0].courses[1].id", "colour",
    ] {
      #expect(problems.contains { $0.hasPrefix(place) }, "\(place): \(problems)")
    }
    #expect(rig.raw("GET", "/sandbox/snapshot", as: nil).text == before)
  }

  @Test("A seed is the beginning, and a reset brings it back with the same identifiers")
  func seed() {
    let seed: JSONValue = [
      "applications": [
        [
          "id": "A", "secret": "s",
          "courses": [["id": "c", "title": "Seeded"]],
          "registrations": [["id": "r", "courseId": "c", "learner": ["id": "l"]]],
        ]
      ]
    ]
    var rig = Rig {
      $0.beginning = seed
      $0.clock = .frozen(0)
    }
    let caller = Rig.basic("A", "s")
    #expect(rig.call("GET", "/courses/c", as: caller).json["title"] == "Seeded")
    #expect(rig.call("GET", "/ping").status == 401)
    let fetch = #"{"url":"https://example.com/c.zip"}"#
    let first = rig.call("POST", "/courses/importJobs?courseId=n", fetch, as: caller).text
    let before = rig.raw("GET", "/sandbox/snapshot", as: nil).text
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(rig.call("GET", "/courses/c", as: caller).status == 200)
    #expect(rig.call("POST", "/courses/importJobs?courseId=n", fetch, as: caller).text == first)
    #expect(rig.raw("GET", "/sandbox/snapshot", as: nil).text == before)
  }

  @Test("Fields and parameters that the API does not have are counted, and refused when strict")
  func unread() {
    var rig = Rig()
    rig.importCourse("c")
    let body =
      #"{"courseId":"c","registrationId":"\#("r")","learner":{"id":"l","shoeSize":44}}"#
    _ = rig.call("POST", "/registrations", body)
    _ = rig.call("GET", "/courses?filterr=x")
    _ = rig.call("GET", "/courses?filterr=y")
    #expect(
      rig.raw("GET", "/sandbox/unread", as: nil).json == [
        "unread": [
          ["operation": "CreateRegistration", "field": "learner.shoeSize", "count": 1],
          ["operation": "GetCourses", "field": "?filterr", "count": 2],
        ]
      ])
    var strict = Rig { $0.isStrict = true }
    strict.importCourse("c")
    let answer = strict.call("POST", "/registrations", body)
    #expect(answer.status == 400 && answer.message?.contains("learner.shoeSize") == true)
    #expect(strict.call("HEAD", "/registrations/r").status == 404)
  }
}
