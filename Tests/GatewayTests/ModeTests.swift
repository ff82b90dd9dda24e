import Foundation
import Gateway
import System
import Testing

/// Modes set while a gateway runs, over HTTP and with the command.
@Suite("A mode set while the gateway runs", .ownThread, .timeLimit(.minutes(5)))
struct ModeTests {
  private func admin(_ rig: GatewayRig, _ method: String, _ target: String) throws -> Answer {
    try Wire(port: try #require(rig.gateway.adminAddress?.port)).call(method, target)
  }

  @Test("freezes everything within the next call, and is told, listed, recorded and taken away")
  func frozen() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    let set = try admin(rig, "POST", "/api/mode?mode=frozen")
    #expect(set.status == 200 && set.text.contains("\"mode\":\"frozen\""))
    #expect(try eventually { try rig.call("GET", "/api/v2/ping").problem == "caller-frozen" })
    let refused = try rig.call("GET", "/api/v2/ping")
    #expect(refused.status == 503 && refused["Retry-After"] == "30")
    #expect(try admin(rig, "GET", "/api/mode").text.contains("\"until\":null"))
    #expect(
      try admin(rig, "GET", "/api/mode?format=table").text.hasPrefix("all callers are frozen"))
    #expect(try admin(rig, "GET", "/readyz?verbose").text.contains("all callers are frozen"))
    #expect(
      try admin(rig, "GET", "/metrics").text.contains(
        "scorm_gateway_mode{caller=\"\",app=\"\",mode=\"frozen\",fleet=\"false\"} 1"))
    #expect(try admin(rig, "GET", "/api/limits?format=table").text.contains("frozen"))
    let explained = try admin(rig, "GET", "/api/explain?method=GET&path=/api/v2/ping")
    #expect(explained.text.contains("caller-frozen"))
    #expect(try admin(rig, "POST", "/api/mode?mode=normal").text == "{\"modes\":[]}\n")
    #expect(try eventually { try rig.call("GET", "/api/v2/ping").status == 200 })
    let acts = try rig.lines().filter { $0.string("termination") == "admin" }
    #expect(acts.map { $0.string("url.query") } == ["mode=frozen", "mode=normal"])
  }

  @Test("is for one app: reads pass and writes are refused, whatever the caller may do")
  func readOnlyApp() throws {
    let rig = try GatewayRig()
    _ = try admin(rig, "POST", "/api/mode?mode=read-only&app=main")
    #expect(
      try eventually { try rig.call("DELETE", "/api/v2/courses/none").problem == "policy-refused" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    _ = try admin(rig, "POST", "/api/mode?mode=frozen&app=main")
    #expect(try eventually { try rig.call("GET", "/api/v2/courses").problem == "app-frozen" })
  }

  @Test("that has a time ends by itself, and that is recorded like an act")
  func ends() throws {
    let rig = try GatewayRig()
    #expect(try admin(rig, "POST", "/api/mode?mode=frozen&for=1s").status == 200)
    #expect(try eventually { try rig.call("GET", "/api/v2/ping").status == 503 })
    #expect(try eventually { try rig.call("GET", "/api/v2/ping").status == 200 })
    let acts = try rig.lines().filter { $0.string("termination") == "admin" }
    #expect(acts.map { $0.string("url.query") } == ["mode=frozen&for=1s", "mode=normal"])
  }

  @Test(
    "that cannot be is refused with what to ask for",
    arguments: [
      ("mode=cold", 400, "normal, dry-run, read-only, frozen"),
      ("caller=x", 400, "Say which mode"), ("mode=frozen&caller=nobody", 404, "Unknown caller"),
      ("mode=frozen&app=nobody", 404, "Unknown app"),
      ("mode=frozen&app=main&caller=x", 400, "not to both"),
      ("mode=frozen&for=never", 400, "duration"), ("mode=normal&for=1m", 400, "leave out for"),
      ("mode=frozen&for=0s", 400, "duration"), ("mode=frozen&for=900d", 400, "365 days"),
    ])
  func refused(_ query: String, _ status: Int, _ text: String) throws {
    let rig = try GatewayRig()
    let answer = try admin(rig, "POST", "/api/mode?\(query)")
    #expect(answer.status == status && answer.text.contains(text), "\(answer.text)")
    #expect(try admin(rig, "GET", "/api/mode").text == "{\"modes\":[]}\n")
  }

  @Test(
    "dry-run answers writes with what would have been sent, in the words of explain; reads pass")
  func dryRun() throws {
    let rig = try GatewayRig()
    _ = try admin(rig, "POST", "/api/mode?mode=dry-run")
    let caller = try rig.caller()
    let body = "{\"registrationId\":\"r\",\"courseId\":\"none\",\"learner\":{\"id\":\"l\"}}"
    #expect(
      try eventually {
        try caller.call("POST", "/api/v2/registrations", body: body).json["dry_run"] as? Bool
          == true
      })
    let answer = try caller.call("POST", "/api/v2/registrations?courseVersion=1", body: body)
    #expect(answer.status == 200 && answer["Content-Type"] == "application/json")
    let explained = try admin(
      rig, "GET", "/api/explain?method=POST&path=/api/v2/registrations?courseVersion=1"
    ).json
    #expect(explained["dry_run"] as? Bool == true && explained["allowed"] as? Bool == true)
    for name in [
      "caller", "app", "operation", "access", "certainty", "credential", "scope", "upstream",
    ] {
      #expect(answer.json[name] as? String == explained[name] as? String, "\(name)")
      #expect(answer.json[name] != nil, "\(name)")
    }
    #expect(answer.json["rung"] as? Int == explained["rung"] as? Int)
    #expect(answer.json["predictedWait"] as? Double == explained["predictedWait"] as? Double)
    let sent = try #require(answer.json["would_send"] as? [String: Any])
    #expect((sent["body"] as? [String: Any])?["length"] as? Int == body.utf8.count)
    #expect(try caller.call("GET", "/api/v2/courses").status == 200)
    #expect(try caller.call("DELETE", "/api/v2/courses/none").status == 200)
    #expect(try rig.sandboxCalls().allSatisfy { $0["method"] as? String == "GET" })
    let table = try admin(
      rig, "GET", "/api/explain?method=DELETE&path=/api/v2/courses/none&format=table"
    ).text
    #expect(table.contains("nothing is sent") && table.contains("what would have been sent"))
  }

  @Test("is shown, set and taken away by the command")
  func command() throws {
    let rig = try GatewayRig()
    let port = try #require(rig.gateway.adminAddress?.port)
    func run(_ arguments: String...) throws -> (output: String, exitCode: Int32?) {
      let outcome = try Command.run(["mode"] + arguments + ["--admin", "127.0.0.1:\(port)"])
      return (outcome.output, outcome.exitCode)
    }
    #expect(try run().output.contains("No mode is set"))
    let set = try run("read-only", "--app", "main", "--for", "2h")
    #expect(set.output.contains("app main is read-only"))
    #expect(try run().output.contains(", until "))
    #expect(try run("normal", "--app", "main").output.contains("No mode is set"))
    #expect(try run("cold").exitCode == 1)
  }
}
