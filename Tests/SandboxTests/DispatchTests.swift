import LocalServer
import Testing

@testable import Sandbox

@Suite("Dispatches")
struct DispatchTests {
  private func rig() -> Rig {
    var rig = Rig()
    for i in 1...3 { rig.importCourse("c\(i)") }
    #expect(
      rig.call(
        "POST", "/dispatch/destinations", #"{"destinations":[{"id":"d","data":{"name":"D"}}]}"#
      ).status == 204)
    let dispatches = (1...3).map { i -> JSONValue in
      [
        "id": .string("p\(i)"),
        "data": ["destinationId": "d", "courseId": .string("c\(i)"), "enabled": true],
      ]
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
    #expect(dispatch["courseTitle"] == "c1")
    #expect(
      rig.call("GET", "/dispatch/destinations/d?includeDispatchCount=true").json["dispatchCount"]
        == 3)
    for (destination, course) in [("none", "c1"), ("d", "none")] {
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
    let delete = rig.call("DELETE", "/dispatch/dispatches?courseId=c2", "{}")
    #expect(delete.field("X-Total-Count") == "1")
    let all = rig.call("DELETE", "/dispatch/dispatches?since=2000-01-01", "{}")
    #expect(all.field("X-Total-Count") == "2")
    #expect(rig.call("GET", "/dispatch/dispatches").json == ["dispatches": []])
  }

  @Test("Deleting a destination deletes its dispatches, deleting a course too")
  func cascade() {
    for path in ["/dispatch/destinations/d", "/courses/c1"] {
      var rig = rig()
      #expect(rig.call("DELETE", path, "{}").status == 204)
      rig.time.advance(seconds: 5)
      #expect(rig.call("GET", "/dispatch/dispatches/p1").status == 404)
    }
  }

  @Test("A dispatch package is a zip with a manifest and a page that leads here")
  func zip() {
    var rig = rig()
    let answer = rig.call("GET", "/dispatch/dispatches/p1/zip?type=SCORM12")
    #expect(answer.field("Content-Type") == "application/zip")
    #expect(answer.bytes.starts(with: [0x50, 0x4B, 3, 4]))
    let text = String(decoding: answer.bytes, as: UTF8.self)
    for part in ["imsmanifest.xml", "index.html", "/api/cloud/dispatch/launch/p1"] {
      #expect(text.contains(part))
    }
    #expect(rig.call("GET", "/dispatch/dispatches/p1/zip?type=AICC").status == 400)
    let all = rig.call("GET", "/dispatch/destinations/d/dispatches/zip")
    #expect(String(decoding: all.bytes, as: UTF8.self).contains("p3.zip"))
  }

  @Test("The checksum of a zip's files is CRC-32")
  func checksum() {
    #expect(ZipWriter.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test("The LTI launch redirects a browser that has no credential")
  func ltiLaunch() {
    var rig = rig()
    let answer = rig.call("GET", "/dispatch/dispatches/p1/launches?jwt=x", as: nil)
    #expect(answer.status == 302)
    #expect(answer.field("Location")?.hasPrefix("https://") == true)
  }
}
