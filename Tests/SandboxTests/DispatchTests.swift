import LocalServer
import Testing

@testable import Sandbox

@Suite("Dispatches")
struct DispatchTests {
  private func rig() -> Rig {
    var rig = Rig()
    rig.importCourse("c")
    #expect(
      rig.call(
        "POST", "/dispatch/destinations", #"{"destinations":[{"id":"d","data":{"name":"D"}}]}"#
      ).status == 204)
    let dispatches = (1...3).map { i -> JSONValue in
      ["id": .string("p\(i)"), "data": ["destinationId": "d", "courseId": "c", "enabled": true]]
    }
    let body: JSONValue = ["dispatches": .array(dispatches)]
    #expect(rig.call("POST", "/dispatch/dispatches", body.text).status == 204)
    return rig
  }

  @Test("A dispatch names its destination and its course, and needs both")
  func create() {
    var rig = rig()
    let dispatch = rig.call("GET", "/dispatch/dispatches/p1").json
    #expect(dispatch["destinationName"] == "D")
    #expect(dispatch["courseTitle"] == "c")
    #expect(rig.call("GET", "/dispatch/destinations/d").json["dispatchCount"] == 3)
    for (destination, course) in [("none", "c"), ("d", "none")] {
      let body: JSONValue = [
        "dispatches": [
          [
            "id": "q",
            "data": ["destinationId": .string(destination), "courseId": .string(course)],
          ]
        ]
      ]
      #expect(rig.call("POST", "/dispatch/dispatches", body.text).status == 404)
    }
  }

  @Test("A bulk change needs a filter and tells how many it changed")
  func bulk() {
    var rig = rig()
    #expect(rig.call("PUT", "/dispatch/dispatches", #"{"enabled":false}"#).status == 400)
    #expect(rig.call("DELETE", "/dispatch/dispatches", "{}").status == 400)
    let update = rig.call("PUT", "/dispatch/dispatches?filter=p1", #"{"enabled":false}"#)
    #expect(update.status == 204)
    #expect(update.field("X-Total-Count") == "1")
    #expect(rig.call("GET", "/dispatch/dispatches/p1/enabled").json == ["enabled": false])
    #expect(rig.call("GET", "/dispatch/dispatches/p2/enabled").json == ["enabled": true])
    let delete = rig.call("DELETE", "/dispatch/dispatches?courseId=c", "{}")
    #expect(delete.field("X-Total-Count") == "3")
    #expect(rig.call("GET", "/dispatch/dispatches").json == ["dispatches": []])
  }

  @Test("Deleting a destination deletes its dispatches, deleting a course too")
  func cascade() {
    for path in ["/dispatch/destinations/d", "/courses/c"] {
      var rig = rig()
      #expect(rig.call("DELETE", path, "{}").status == 204)
      #expect(rig.call("GET", "/dispatch/dispatches/p1").status == 404)
    }
  }

  @Test("A dispatch package is a valid empty zip")
  func zip() {
    var rig = rig()
    let answer = rig.call("GET", "/dispatch/dispatches/p1/zip")
    #expect(answer.field("Content-Type") == "application/zip")
    #expect(answer.bytes.count == 22)
    #expect(answer.bytes.starts(with: [0x50, 0x4B, 5, 6]))
  }

  @Test("The LTI launch redirects a browser that has no credential")
  func ltiLaunch() {
    var rig = rig()
    let answer = rig.call("GET", "/dispatch/dispatches/p1/launches?jwt=x", as: nil)
    #expect(answer.status == 302)
    #expect(answer.field("Location")?.hasPrefix("https://") == true)
  }
}
