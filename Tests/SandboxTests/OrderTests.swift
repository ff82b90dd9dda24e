import LocalServer
import Testing

@testable import Sandbox

@Suite("Order and filters of lists")
struct OrderTests {
  private func rig() -> Rig {
    var rig = Rig()
    for id in ["b", "a", "C"] {
      rig.importCourse(id)
      rig.time.advance(seconds: 60)
    }
    return rig
  }

  private func ids(_ rig: inout Rig, _ query: String) -> [String] {
    rig.call("GET", "/courses?" + query).json["courses"]?.elements?
      .compactMap { $0["id"]?.string } ?? []
  }

  @Test(
    "Courses come in the order asked for, newest first by themselves",
    arguments: [
      ("", ["C", "a", "b"]), ("orderBy=created_desc", ["C", "a", "b"]),
      ("orderBy=created_asc", ["b", "a", "C"]), ("orderBy=course_id_asc", ["C", "a", "b"]),
      ("orderBy=TITLE_DESC", ["b", "a", "C"]), ("filter=c", ["C"]),
      ("filter=b&filterBy=title", ["b"]), ("since=2026-03-01T12:02:00Z", ["C"]),
      ("until=2026-03-01T12:00:00Z", ["b"]), ("until=2026-03-01T12:00:00Z&orderBy=", ["b"]),
    ])
  func courses(query: String, expected: [String]) {
    var rig = rig()
    #expect(ids(&rig, query) == expected)
  }

  @Test("What changed last comes last in the order of changes")
  func updated() {
    var rig = rig()
    _ = rig.call("PUT", "/courses/b/title", #"{"title":"new"}"#)
    #expect(ids(&rig, "orderBy=updated_asc") == ["a", "C", "b"])
    #expect(ids(&rig, "since=2026-03-01T12:03:00Z&datetimeFilter=updated") == ["b"])
    #expect(ids(&rig, "since=2026-03-01T12:03:00Z&datetimeFilter=created") == [])
  }

  @Test(
    "An order, a field or a time that the list does not have is refused with those it has",
    arguments: ["orderBy=title", "orderBy=colour_asc", "filterBy=colour", "datetimeFilter=deleted"])
  func refuses(query: String) {
    var rig = rig()
    let answer = rig.call("GET", "/courses?" + query)
    #expect(answer.status == 400)
    #expect(answer.message?.contains("must be") == true)
  }

  @Test("A list that changes between two pages gives nothing twice and leaves nothing out")
  func changes() throws {
    var rig = Rig()
    rig.importCourse("c")
    for i in 10..<35 { #expect(rig.register("r\(i)", course: "c").status == 204) }
    let first = rig.call("GET", "/registrations").json
    let seen = first["registrations"]?.elements?.compactMap { $0["id"]?.string } ?? []
    #expect(seen.first == "r34" && seen.last == "r25")
    // A registration that was listed is deleted, and a new one is added.
    #expect(rig.call("DELETE", "/registrations/r30").status == 204)
    #expect(rig.register("new", course: "c").status == 204)
    let more = try #require(first["more"]?.string).escaped
    let second = rig.call("GET", "/registrations?more=\(more)").json["registrations"]?.elements
    #expect(second?.first?["id"] == "r24" && second?.last?["id"] == "r15")
  }

  @Test(
    "Every list has the documented default order",
    arguments: [
      ("GetDestinations", "updated_asc"), ("GetDispatches", "updated_asc"),
      ("GetAllInvitations", "updated_asc"), ("GetXapiCredentials", "updated_asc"),
      ("GetApplications", "updated_asc"),
    ])
  func defaults(operation: String, order: String) {
    let rules = [
      "GetDestinations": DestinationOperations.rule.order,
      "GetDispatches": DispatchOperations.rule.order,
      "GetAllInvitations": InvitationOperations.rule("invitations").order,
      "GetXapiCredentials": XapiOperations.rule.order,
      "GetApplications": ApplicationOperations.list.order,
    ]
    #expect(rules[operation] == order)
    #expect(CourseOperations.rule.order == "created_desc")
    #expect(RegistrationOperations.rule.order == "created_desc")
    #expect(RegistrationOperations.rule.times == "created")
  }
}
