import Foundation
import Gateway
import Glibc
import System
import Testing

/// Modes for all gateways, through a real store.
@Suite(
  "A mode set with --fleet", .ownThread, .serialized, .timeLimit(.minutes(2)),
  .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct SharedModesTests {
  @Test("holds at all gateways, is listed as the fleet's, and is taken back at any of them")
  func everywhere() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    let rigs = try (0..<2).map { _ in try GatewayRig(sharing: store, "", upstream) }
    for rig in rigs { #expect(rig.isConnected) }
    let set = try rigs[0].mode("frozen", "--fleet", "--for", "2h")
    #expect(set.contains("all callers are frozen since ") && set.contains(", at all gateways\n"))
    #expect(try rigs[0].call("GET", "/api/v2/courses").problem == "caller-frozen")
    let told = ContinuousClock.now
    #expect(
      try eventually { try rigs[1].call("GET", "/api/v2/courses").problem == "caller-frozen" })
    #expect(ContinuousClock.now - told < .milliseconds(200))
    let row = try #require(try rigs[1].modes().first)
    #expect(row["fleet"] as? Bool == true && row["until"] is String)
    #expect(
      try rigs[1].metric("scorm_gateway_mode{caller=\"\",app=\"\",mode=\"frozen\",fleet=\"true\"}")
        == 1)
    for rig in rigs {
      #expect(
        rig.told.all.count { $0.hasPrefix("all callers are frozen at all gateways since") } == 1)
    }
    #expect(try rigs[1].mode("normal", "--fleet").contains("No mode is set"))
    #expect(try rigs[1].call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try rigs[0].call("GET", "/api/v2/courses").status == 200 })
    let acts = try rigs[0].lines().filter { $0.string("termination") == "admin" }
    #expect(acts.map { $0.string("url.query").contains("fleet=true") } == [true])
  }

  @Test("holds at a gateway that starts later from its first call on, and after it has reconnected")
  func later() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    let first = try GatewayRig(sharing: store, "", upstream)
    #expect(first.isConnected)
    _ = try first.mode("frozen", "--fleet")
    let second = try GatewayRig(sharing: store, "", upstream)
    #expect(try second.call("GET", "/api/v2/courses").problem == "caller-frozen")
    // While this gateway was disconnected, the others continued.
    _ = try store.run([
      ["CLIENT", "KILL", "TYPE", "normal"], ["CLIENT", "KILL", "TYPE", "pubsub"],
    ])
    #expect(try second.call("GET", "/api/v2/courses").problem == "caller-frozen")
    #expect(
      try eventually { try first.admin("POST", "/api/mode?mode=normal&fleet=true").status == 200 })
    #expect(try eventually { try second.call("GET", "/api/v2/courses").status == 200 })
  }

  @Test("ends by itself at its time everywhere, also where the store is away by then")
  func ends() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    let rigs = try (0..<2).map { _ in try GatewayRig(sharing: store, "", upstream) }
    for rig in rigs { #expect(rig.isConnected) }
    #expect(try rigs[0].admin("POST", "/api/mode?mode=frozen&for=2s&fleet=true").status == 200)
    #expect(try eventually { try rigs[1].call("GET", "/api/v2/courses").status == 503 })
    store.end()
    for rig in rigs {
      #expect(try rig.call("GET", "/api/v2/courses").status == 503)
    }
    for rig in rigs {
      #expect(try eventually { try rig.call("GET", "/api/v2/courses").status == 200 })
      #expect(rig.told.all.contains("all callers are no longer frozen at all gateways"))
    }
  }

  @Test(
    "stays in force while the store is away, and cannot be changed then; a store without memory gets it back"
  )
  func lostStore() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, "", upstream)
    #expect(rig.isConnected)
    _ = try rig.mode("read-only", "--fleet", "--app", "main")
    store.end()
    #expect(
      try eventually {
        try rig.admin("POST", "/api/mode?mode=normal&app=main&fleet=true").status == 503
      })
    let refused = try rig.admin("POST", "/api/mode?mode=normal&app=main&fleet=true")
    #expect(refused.text.contains("Nothing has changed: the store unix:\(store.socket)"))
    #expect(try rig.modes().count == 1)
    #expect(try rig.call("DELETE", "/api/v2/courses/x").problem == "policy-refused")
    let next = try RedisServer(in: store.folder)
    let field = ["HGET", "{scorm-gateway}:modes", "app|SANDBOX"]
    #expect(
      try eventually {
        String(decoding: try next.run([field]), as: UTF8.self).contains("read-only ")
      })
    let other = try GatewayRig(sharing: next, "", upstream)
    #expect(try other.call("DELETE", "/api/v2/courses/x").problem == "policy-refused")
    #expect(
      try eventually { try rig.mode("normal", "--fleet", "--app", "main").contains("No mode") })
    #expect(try eventually { try other.call("DELETE", "/api/v2/courses/x").status == 200 })
  }

  @Test("is known to the process that takes over, also while the store is away")
  func handOver() throws {
    let (store, folder, cloud) = (try RedisServer(), try OwnFolder(), try GatewayRig())
    try folder.write(
      """
      listen: [{address: 127.0.0.1:0}]
      admin: {address: 127.0.0.1:0}
      upstream: {url: "\(cloud.sandbox.apiURL)"}
      apps: [{name: main, id: SANDBOX, secret: {env: APP_SECRET}}]
      shared: {url: "unix:\(store.socket)"}
      """, to: "gateway.yaml")
    let command = try Command(
      ["serve", "-c", folder.path + "/gateway.yaml"], ["APP_SECRET": "sandbox-secret"])
    let port = try #require(command.port(after: "serving callers on"))
    let admin = try #require(command.port(after: "admin pages on"))
    #expect(eventually { command.errors.contains("shared: connected to") })
    #expect(
      try Wire(port: admin).call("POST", "/api/mode?mode=frozen&for=1h&fleet=true").status == 200)
    #expect(eventually { (try? Wire(port: admin).call("GET", "/readyz").status) == 200 })
    store.end()
    command.signal(SIGUSR2)
    #expect(eventually(within: 30) { command.errors.contains("has taken over") })
    let successor = try #require(
      command.errors.firstMatch(of: /process (\d+) has taken over/).flatMap { pid_t($0.output.1) })
    defer { kill(successor, SIGKILL) }
    #expect(
      eventually {
        (try? Wire(port: port).call("GET", "/api/v2/courses").problem) == "caller-frozen"
      }, "\(command.errors)")
    let mode = try #require(
      (try Wire(port: admin).call("GET", "/api/mode").json["modes"] as? [[String: Any]])?.first)
    #expect(mode["fleet"] as? Bool == true && mode["until"] is String)
  }

  @Test("is refused where there is no fleet, with what to do; nothing is set here only")
  func alone() throws {
    let rig = try GatewayRig()
    let answer = try rig.admin("POST", "/api/mode?mode=frozen&fleet=true")
    #expect(answer.status == 422 && answer.text.contains("shared: {url:"))
    #expect(answer.text.contains("without --fleet"))
    #expect(try rig.admin("POST", "/api/mode?mode=frozen&fleet=yes").status == 400)
    #expect(try rig.modes().isEmpty)
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
  }

  @Test("beside one of a gateway's own the stricter holds, and the listing shows both")
  func both() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, "", upstream)
    #expect(rig.isConnected)
    #expect(try rig.mode("frozen").contains(", at this gateway\n"))
    let listing = try rig.mode("read-only", "--fleet")
    #expect(listing.contains("frozen") && listing.contains("at this gateway\n"))
    #expect(listing.contains("read-only") && listing.contains("at all gateways\n"))
    #expect(try rig.call("GET", "/api/v2/courses").problem == "caller-frozen")
    // Each mode is ended where it was set.
    _ = try rig.mode("normal")
    #expect(try rig.modes().map { $0["fleet"] as? Bool } == [true])
    #expect(try eventually { try rig.call("GET", "/api/v2/courses").status == 200 })
    #expect(try rig.call("DELETE", "/api/v2/courses/x").problem == "policy-refused")
    _ = try rig.mode("dry-run")
    _ = try rig.mode("normal", "--fleet")
    #expect(try rig.modes().map { $0["mode"] as? String } == ["dry-run"])
  }

  @Test("is for a caller by its name and for an app by its id, whatever a gateway calls them")
  func names() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    func yaml(_ app: String, _ caller: String) -> String {
      """
      apps: [{name: \(app), id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
      defaultApp: \(app)
      callers: [{name: \(caller), match: {address: 127.0.0.1}, apps: [\(app)], allow: ["*"]}]
      shared: {url: "unix:\(store.socket)"}
      """
    }
    let crm = try GatewayRig(upstream: upstream.port, yaml: yaml("courses", "crm"))
    let lms = try GatewayRig(upstream: upstream.port, yaml: yaml("main", "lms"))
    for rig in [crm, lms] { #expect(rig.isConnected) }
    _ = try crm.mode("read-only", "--fleet", "--app", "courses")
    #expect(
      try eventually {
        try lms.call("DELETE", "/api/v2/courses/x").problem == "policy-refused"
      })
    #expect(try lms.modes().map { $0["app"] as? String } == ["main"])
    _ = try crm.mode("frozen", "--fleet", "--caller", "crm")
    #expect(try eventually { try lms.modes().count == 2 })
    #expect(try lms.modes().last?["known"] as? Bool == false)
    #expect(try lms.mode().contains("caller crm is frozen since "))
    #expect(try lms.call("GET", "/api/v2/courses").status == 200)
    #expect(try crm.call("GET", "/api/v2/courses").problem == "caller-frozen")
    // A reload adds the caller, and with it the mode.
    #expect(try lms.reload(yaml: yaml("other", "crm")).problems.isEmpty)
    #expect(
      try lms.modes().map { $0["app"] as? String ?? $0["caller"] as? String } == ["other", "crm"])
    #expect(try eventually { try lms.call("GET", "/api/v2/courses").problem == "caller-frozen" })
    #expect(try lms.reload(yaml: yaml("main", "lms")).problems.isEmpty)
    // A mode for a caller that this gateway does not have can be ended here, but not set.
    #expect(try lms.admin("POST", "/api/mode?mode=frozen&caller=crm&fleet=true").status == 404)
    #expect(try lms.admin("POST", "/api/mode?mode=normal&caller=crm&fleet=true").status == 200)
    #expect(try eventually { try crm.call("GET", "/api/v2/courses").status == 200 })
  }

  @Test(
    "leaves another program's value alone: that is told once, and modes stay each gateway's own")
  func foreign() throws {
    let (store, upstream) = (try RedisServer(), try LimitsUpstream())
    defer { upstream.stop() }
    _ = try store.run([["SET", "{scorm-gateway}:modes", "theirs"]])
    let rig = try GatewayRig(sharing: store, "", upstream)
    #expect(rig.isConnected)
    let answer = try rig.admin("POST", "/api/mode?mode=frozen&fleet=true")
    #expect(answer.status == 503 && answer.text.contains("has a value of another program"))
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(rig.told.all.count { $0.contains("{scorm-gateway}:modes") } == 1)
    #expect(
      String(decoding: try store.run([["GET", "{scorm-gateway}:modes"]]), as: UTF8.self)
        .contains("theirs"))
  }
}

extension GatewayRig {
  /// Whether the gateway becomes connected to the store.
  var isConnected: Bool {
    eventually { told.all.contains { $0.contains("shared: connected to") } }
  }

  func admin(_ method: String, _ target: String) throws -> Answer {
    guard let port = gateway.adminAddress?.port else { throw CocoaError(.featureUnsupported) }
    return try Wire(port: port).call(method, target)
  }

  /// The modes of `/api/mode`.
  func modes() throws -> [[String: Any]] {
    try admin("GET", "/api/mode").json["modes"] as? [[String: Any]] ?? []
  }

  /// The output of the command.
  func mode(_ arguments: String...) throws -> String {
    guard let port = gateway.adminAddress?.port else { throw CocoaError(.featureUnsupported) }
    return try Command.run(["mode"] + arguments + ["--admin", "127.0.0.1:\(port)"]).output
  }
}
