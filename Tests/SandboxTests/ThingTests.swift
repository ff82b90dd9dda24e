import LocalServer
import Testing

@testable import Sandbox

@Suite("What is put comes back")
struct ThingTests {
  @Test("PUT creates where it is documented to, and changes only what it names")
  func createOrUpdate() {
    // Client: SetDestination "Create or update a Destination"; SetXapiCredential; SetStatementPipe.
    var rig = Rig()
    #expect(rig.call("PUT", "/dispatch/destinations/d", #"{"notes":"n"}"#).status == 400)
    #expect(
      rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D","email":"e@x.y"}"#).status == 204)
    #expect(rig.call("PUT", "/dispatch/destinations/d", #"{"notes":"n"}"#).status == 204)
    let destination = rig.call("GET", "/dispatch/destinations/d").json
    #expect(destination["email"] == "e@x.y" && destination["notes"] == "n")
    #expect(destination["name"] == "D")
    let credential = #"{"name":"n","secret":"s","isEnabled":true}"#
    #expect(rig.call("PUT", "/xapi/credentials/mine", credential).status == 204)
    #expect(rig.call("GET", "/xapi/credentials/mine").json["secret"] == "s")
    let pipe = #"{"target":{"url":"https://lrs.example"}}"#
    #expect(rig.call("PUT", "/xapi/statementPipes/p", pipe).json == ["result": "p"])
    #expect(rig.call("PUT", "/xapi/statementPipes/q", "{}").status == 400)
  }

  @Test("Only named fields of a learner change, an empty one too")
  func learner() {
    // Client: UpdateLearnerInfo, "Providing an empty string will cause the value ... to be set to empty".
    var rig = Rig()
    rig.importCourse("c")
    _ = rig.call(
      "POST", "/registrations",
      #"{"courseId":"c","registrationId":"r","learner":{"id":"l","email":"e@x.y","firstName":"F","lastName":"L"}}"#
    )
    #expect(
      rig.call("POST", "/learner/l/updateInfo", #"{"id":"l","lastName":"","email":"n@x.y"}"#).status
        == 204)
    let learner = rig.call("GET", "/registrations/r").json["learner"]
    #expect(learner == ["id": "l", "email": "n@x.y", "firstName": "F", "lastName": ""])
  }

  @Test("Tags are added without doubles, and a batch tags all or nothing")
  func tags() {
    // Client: PutCourseTags "Add tags to a Course".
    var rig = Rig()
    rig.importCourse("c")
    for tags in [#"["a","b"]"#, #"["b","c","c"]"#] {
      #expect(rig.call("PUT", "/courses/c/tags", "{\"tags\":\(tags)}").status == 204)
    }
    #expect(rig.call("GET", "/courses/c/tags").json == ["tags": ["a", "b", "c"]])
    let many = (1...TagList.maximumTags).map { "\"t\($0)\"" }.joined(separator: ",")
    #expect(rig.call("PUT", "/courses/c/tags", "{\"tags\":[\(many)]}").status == 400)
    rig.importCourse("d")
    let batch = "{\"ids\":[\"d\",\"c\"],\"tags\":[\(many)]}"
    #expect(rig.call("PUT", "/courses/tags", batch).status == 400)
    #expect(rig.call("GET", "/courses/d/tags").json == ["tags": []])
  }

  @Test("The same course and destination again changes the old dispatch, unless it is named")
  func dispatchAgain() {
    // Client: CreateDispatches, "the old one will be loaded for modification".
    var rig = Rig()
    rig.importCourse("c")
    _ = rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D"}"#)
    func create(_ id: String, _ notes: String) -> Int {
      let body: JSONValue = [
        "dispatches": [
          [
            "id": .string(id),
            "data": ["destinationId": "d", "courseId": "c", "notes": .string(notes)],
          ]
        ]
      ]
      return rig.call("POST", "/dispatch/dispatches", body.text).status
    }
    #expect(create("p", "one") == 204)
    #expect(create("", "two") == 204)
    #expect(create("p", "three") == 400)
    #expect(create("q", "four") == 400)
    #expect(rig.call("GET", "/dispatch/dispatches/p").json["notes"] == "two")
    #expect(rig.call("GET", "/dispatch/dispatches/p").json["instanced"] == true)
  }

  @Test("A batch with a mistake creates nothing")
  func batches() {
    var rig = Rig()
    let destinations = #"{"destinations":[{"id":"d","data":{"name":"D"}},{"id":"e","data":{}}]}"#
    #expect(rig.call("POST", "/dispatch/destinations", destinations).status == 400)
    #expect(rig.call("GET", "/dispatch/destinations").json == ["destinations": []])
    rig.importCourse("c")
    _ = rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D"}"#)
    let dispatches = #"""
      {"dispatches":[{"id":"p","data":{"destinationId":"d","courseId":"c"}},
       {"id":"q","data":{"destinationId":"d","courseId":"none"}}]}
      """#
    #expect(rig.call("POST", "/dispatch/dispatches", dispatches).status == 404)
    #expect(rig.call("GET", "/dispatch/dispatches").json == ["dispatches": []])
  }

  @Test("A dispatch counts the registrations it makes, up to its cap, and its count can be reset")
  func dispatchCount() {
    var rig = Rig()
    rig.importCourse("c")
    _ = rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D"}"#)
    _ = rig.call(
      "POST", "/dispatch/dispatches",
      #"{"dispatches":[{"id":"p","data":{"destinationId":"d","courseId":"c","registrationCap":1}}]}"#
    )
    let page = "/api/cloud/dispatch/launch/p?learnerId="
    #expect(rig.raw("GET", page + "a", as: nil).status == 303)
    #expect(rig.raw("GET", page + "a", as: nil).status == 303)
    #expect(rig.raw("GET", page + "b", as: nil).status == 403)
    let path = "/dispatch/dispatches/p/registrationCount"
    #expect(rig.call("GET", path).json == ["registrationCount": 1])
    #expect(rig.call("DELETE", path).status == 204)
    #expect(rig.call("GET", path).json["lastResetDate"] == "2026-03-01T12:00:00.000Z")
    let made = rig.call("GET", "/registrations").json["registrations"]?.elements?.first
    #expect(made?["dispatchId"] == "p")
    _ = rig.call("PUT", "/dispatch/dispatches/p/enabled", #"{"enabled":false}"#)
    #expect(rig.raw("GET", page + "a", as: nil).status == 403)
  }

  @Test("A private invitation registers its addresses, as duplicateRegistrationOption says")
  func duplicates() throws {
    // Client: CreatePrivateInvitation.
    var rig = Rig()
    rig.importCourse("c")
    func invite(_ option: String) throws -> (users: [String], errors: Int) {
      let body: JSONValue = [
        "courseId": "c", "creatingUserEmail": "me@x.y",
        "duplicateRegistrationOption": .string(option),
        "invitationEmail": ["addresses": ["a@x.y"]],
      ]
      let id = try #require(rig.call("POST", "/invitations/private", body.text).json["id"]?.string)
      let path = "/invitations/private/\(id)"
      #expect(rig.call("GET", path + "/jobStatus").json["status"] == "STARTED")
      rig.time.advance(seconds: 1)
      let job = rig.call("GET", path + "/jobStatus").json
      #expect(job["status"] == "COMPLETE" && job["total"] == 1)
      let users = rig.call("GET", path + "/userInvitations").json["userInvitations"]?.elements ?? []
      return (
        users.compactMap { $0["registrationId"]?.string }, job["errors"]?.elements?.count ?? 0
      )
    }
    let first = try invite("SEND_EXISTING").users
    #expect(try invite("SEND_EXISTING").users == first)
    #expect(try invite("FAIL") == ([], 1))
    #expect(try invite("CREATE_NEW").users != first)
    let again = try invite("INSTANCE_EXISTING").users.first ?? ""
    #expect(rig.call("GET", "/registrations/\(again)").json["instance"] == 1)
  }

  @Test("A public invitation takes new learners up to its cap, while it is open")
  func publicInvitation() throws {
    var rig = Rig()
    rig.importCourse("c")
    let body = #"{"courseId":"c","creatingUserEmail":"me@x.y","registrationCap":1}"#
    let id = try #require(rig.call("POST", "/invitations/public", body).json["id"]?.string)
    let page = "/api/cloud/invitation/\(id)"
    #expect(rig.raw("GET", page, as: nil).status == 200)
    #expect(rig.raw("POST", page, "email=nobody", as: nil).status == 400)
    #expect(rig.raw("POST", page, "email=a%40x.y&firstName=A", as: nil).status == 303)
    #expect(rig.raw("POST", page, "email=a%40x.y", as: nil).status == 303)
    #expect(rig.raw("POST", page, "email=b%40x.y", as: nil).status == 403)
    let path = "/invitations/public/\(id)"
    #expect(rig.call("GET", path + "?includeRegistrationCount=true").json["registrationCount"] == 1)
    _ = rig.call("PUT", path, #"{"allowLaunch":false}"#)
    #expect(rig.raw("GET", page, as: nil).status == 403)
    #expect(rig.call("GET", "/invitations/private/\(id)").status == 404)
  }
}
