import LocalServer
import Testing

@testable import Sandbox

@Suite("Snapshots and seeds of the state")
struct SnapshotTests {
  private func busy() -> Rig {
    var rig = Rig()
    for id in ["c", "d"] { rig.importCourse(id) }
    _ = rig.register("r", course: "c")
    _ = rig.raw("POST", "/sandbox/progress", #"{"registrationId":"r","score":5}"#, as: nil)
    _ = rig.call("PUT", "/registrations/r/tags", #"{"tags":["t"]}"#)
    _ = rig.call("PUT", "/learner/l/tags", #"{"tags":["u"]}"#)
    _ = rig.call("PUT", "/dispatch/destinations/lms", #"{"name":"LMS","tags":["x"]}"#)
    _ = rig.call(
      "POST", "/dispatch/dispatches",
      #"{"dispatches":[{"id":"p","data":{"destinationId":"lms","courseId":"c","notes":"n"}}]}"#)
    _ = rig.call(
      "POST", "/invitations/public",
      #"{"courseId":"c","creatingUserEmail":"a@example.com","registrationCap":3}"#)
    _ = rig.call("POST", "/appManagement/applications", #"{"name":"N"}"#, as: Rig.management)
    _ = rig.call(
      "POST", "/courses/c/configuration",
      #"{"settings":[{"settingId":"PlayerShowHelp","value":"true"}]}"#)
    _ = rig.call("POST", "/registrations/r/launchLink", #"{"redirectOnExitUrl":"blank"}"#)
    return rig
  }

  @Test("A snapshot that is put back is the same again, and later identifiers too")
  func roundTrip() {
    var rig = busy()
    let snapshot = rig.cloud.realm.snapshot()
    var other = Rig()
    #expect(other.cloud.realm.restore(snapshot) == [])
    #expect(other.cloud.realm.snapshot() == snapshot)
    for path in ["/registrations/r", "/dispatch/dispatches/p", "/learner/l/tags", "/courses/d"] {
      #expect(other.call("GET", path).json == rig.call("GET", path).json)
    }
    let body = #"{"redirectOnExitUrl":"blank"}"#
    let (one, two) = (
      rig.call("POST", "/registrations/r/launchLink", body).json,
      other.call("POST", "/registrations/r/launchLink", body).json
    )
    #expect(one == two)
  }

  @Test("The same steps make the same snapshot")
  func isDeterministic() {
    #expect(busy().cloud.realm.snapshot().text == busy().cloud.realm.snapshot().text)
  }

  @Test("A seed may say as little as it wants")
  func seed() throws {
    var rig = Rig()
    let seed = try JSONValue(
      json: Array(
        #"""
        {"applications":[{"id":"MINE","secret":"s","courses":[{"id":"golf","title":"Golf"}],
         "registrations":[{"id":"r1","courseId":"golf","learner":{"id":"ada"}}]}]}
        """#.utf8))
    #expect(rig.cloud.realm.restore(seed) == [])
    let mine = Rig.basic("MINE", "s")
    #expect(rig.call("GET", "/courses/golf", as: mine).json["title"] == "Golf")
    let registration = rig.call("GET", "/registrations/r1", as: mine).json
    #expect(registration["registrationCompletion"] == "UNKNOWN")
    #expect(registration["course"]?["version"] == 0)
    #expect(rig.call("GET", "/ping").status == 401)
  }

  @Test("Every mistake is named with its place, and nothing is changed")
  func mistakes() throws {
    var rig = busy()
    let before = rig.cloud.realm.snapshot()
    let seed = try JSONValue(
      json: Array(
        #"""
        {"applications":[{"id":"A","courses":[{"id":"x","titel":"T"},{"title":"no id"},{"id":"x"}],
         "registrations":[{"id":"r","learner":{"id":"l"},"created":"yesterday"}]},7]}
        """#.utf8))
    let places = rig.cloud.realm.restore(seed).map(\.place)
    #expect(
      places == [
        "applications[0].courses[0].titel", "applications[0].courses[1].id",
        "applications[0].courses[2].id", "applications[0].registrations[0].courseId",
        "applications[0].registrations[0].created", "applications[1].id",
      ])
    #expect(rig.cloud.realm.snapshot() == before)
  }
}
