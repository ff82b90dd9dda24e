import LocalServer
import SCORMCloudAPI
import Testing

@testable import Sandbox

@Suite("The sandbox from outside")
struct SurfaceTests {
  @Test(
    "A path that the API does not have is answered with 404",
    arguments: [
      "/", "/api", "/api/v2", "/api/v2/", "/api/v2/nothing", "/api/v2///ping", "/api/v2/ping/",
      "/api/v1/ping", "/api/v2x/ping", "/sandbox/other",
    ])
  func unknownPaths(path: String) {
    var rig = Rig()
    let answer = rig.raw("GET", path)
    #expect(answer.status == 404)
    #expect(answer.message != nil)
    #expect(answer.field("Content-Type") == "application/json")
  }

  @Test("A method that a path does not have is answered with 405 and those that it has")
  func methods() {
    var rig = Rig()
    let answer = rig.call("PATCH", "/courses")
    #expect(answer.status == 405)
    #expect(answer.field("Allow")?.contains("GET") == true)
    #expect(rig.call("DELETE", "/ping").status == 405)
    #expect(rig.raw("DELETE", "/sandbox/calls").field("Allow") == "GET")
    #expect(rig.raw("GET", "/sandbox/reset").field("Allow") == "POST")
  }

  @Test("A literal of the path that comes encoded is refused")
  func encodedLiteral() {
    var rig = Rig()
    #expect(rig.call("GET", "/%63ourses").status == 400)
  }

  @Test("The journal tells what arrived, raw, and never a credential")
  func journal() {
    var rig = Rig()
    let token = rig.token("read:course write")
    _ = rig.call("GET", "/courses?filter=a%20b&x=%C3%BC", as: token)
    _ = rig.call("GET", "/ping", as: nil)
    _ = rig.call("GET", "/nothing")
    let answer = rig.raw("GET", "/sandbox/calls", as: nil)
    #expect(!answer.text.contains(token.dropFirst(7)))
    #expect(!answer.text.contains("U0FOREJPWDpz"))
    #expect(!answer.text.contains("sandbox-secret"))
    let calls = answer.json["calls"]?.elements ?? []
    #expect(calls.count == 4)
    #expect(answer.json["total"] == 4)
    #expect(calls.map { $0["credential"]?.string } == ["basic", "token", "none", "none"])
    #expect(calls.map { $0["status"]?.integer } == [200, 200, 401, 404])
    guard calls.count == 4 else { return }
    #expect(calls[1]["target"] == "/api/v2/courses?filter=a%20b&x=%C3%BC")
    #expect(calls[1]["operation"] == "GetCourses")
    #expect(calls[1]["app"] == "SANDBOX")
    #expect(calls[1]["scopes"] == ["read:course", "write"])
    #expect(calls[1]["fields"] == ["content-type", "authorization"])
    #expect(calls[3]["operation"] == .null)
  }

  @Test("The journal keeps the last 1000 calls, oldest first")
  func journalLimit() {
    var rig = Rig()
    for i in 1...1_005 { _ = rig.call("GET", "/ping?\(i)") }
    let answer = rig.raw("GET", "/sandbox/calls").json
    let targets = answer["calls"]?.elements?.compactMap { $0["target"]?.string } ?? []
    #expect(answer["total"] == 1_005)
    #expect(targets.count == 1_000)
    #expect(targets.first == "/api/v2/ping?6")
    #expect(targets.last == "/api/v2/ping?1005")
  }

  @Test("A reset forgets courses and calls")
  func reset() {
    var rig = Rig()
    rig.importCourse("c")
    #expect(rig.raw("POST", "/sandbox/reset", as: nil).status == 204)
    #expect(rig.raw("GET", "/sandbox/calls").json == ["total": 0, "calls": []])
    #expect(rig.call("GET", "/courses/c").status == 404)
  }

  @Test("A JSON body that the server cut off is refused with 413 instead of half read")
  func cutBody() {
    var rig = Rig()
    let answer = rig.cloud.respond(
      to: LocalRequest(
        method: "POST", path: "/api/v2/registrations",
        fields: [(name: "Authorization", value: Rig.application)], body: Array("{}".utf8),
        bodySize: 100_000))
    #expect(answer.status == 413)
  }

  @Test("No request, however odd, is answered with 500 or stops the sandbox")
  func noise() {
    var rig = Rig()
    rig.importCourse("c")
    _ = rig.register("r", course: "c")
    let numbers = ["", "c", "r", "0", "-1", "9223372036854775807", "9223372036854775808", "%00"]
    let bodies = [
      "", "{}", "[]", "null", #"{"expiry":-9223372036854775808,"redirectOnExitUrl":"http://a"}"#,
      #"{"settings":[1]}"#, #"{"tags":[1]}"#, #"{"destinations":[{}]}"#, #"{"ids":[""],"tags":[]}"#,
      #"{"dispatches":[{"id":"x","data":{"registrationCap":1e999}}]}"#, "{\"title\":\"\u{0}\"}",
    ]
    let queries = [
      "", "more=%2B%2F%2F%2B", "since=0000-01-01&until=9999-12-31T23:59:60%2B23:59", "&&=&=",
      "courseId=c&tags=,,", "courseVersion=99999999999999999999", "filter=%F0%9F%98%80",
      String(repeating: "a=b&", count: 100),
    ]
    for operation in OperationTable.all {
      let isManagement = operation.credential == .management
      for number in numbers {
        let path = operation.template.description.split(separator: "/").map { part in
          part.hasPrefix("{") ? "/" + number : "/" + part
        }.joined()
        let answer = rig.call(
          operation.method.name.description, path + "?" + (queries.randomElement() ?? ""),
          bodies.randomElement() ?? "", as: isManagement ? Rig.management : Rig.application)
        #expect(answer.status < 500 || answer.status == 501, "\(operation.name) \(path)")
      }
    }
    #expect(rig.call("GET", "/ping").status == 200)
  }
}
