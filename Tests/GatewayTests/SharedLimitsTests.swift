import Foundation
import Gateway
import Glibc
import System
import Testing

/// Several gateways that share limits through a real store.
@Suite(
  .ownThread, .serialized, .timeLimit(.minutes(2)),
  .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct SharedLimitsTests {
  private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/fleet.md")

  @Test("Two gateways together start no more calls than the limit, whichever of them is called")
  func oneBudget() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let limit = "{name: app, rate: 20/1s, burst: 6, maxWait: 30s}"
    let rigs = try (0..<2).map { _ in try GatewayRig(sharing: store, limit, upstream) }
    for rig in rigs { #expect(try rig.becomesLeased("app")) }
    #expect(
      try rigs[0].limits().first { $0["limit"] as? String == "app" }?["rate"] as? String == "20/1s")
    // Forty calls to one gateway, four to the other.
    let wires = try rigs[0].sendAtOnce(40) + rigs[1].sendAtOnce(4)
    let answers = try wires.map { try $0.answer() }
    #expect(answers.allSatisfy { $0.status == 200 }, "\(answers.map { $0.text })")
    let times = upstream.records.map(\.cameAt)
    for first in times.indices {
      for last in first..<times.count {
        // Calls are on their way for a moment, so at the upstream two may be closer together than at their start.
        let window = (times[last] - times[first]) / .seconds(1) + 0.1
        #expect(Double(last - first + 1) <= 6 + 20 * window)
      }
    }
    // The gateway with many calls uses more than half of the limit.
    #expect((times.last! - times.first!) / .seconds(1) < 44 / 10)
  }

  @Test(
    "A pause that SCORM Cloud asks of one gateway holds for the other within 200 ms, and ends for both"
  )
  func onePause() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream { number in
      number == 0 ? .status(429, "Retry-After: 30\r\n") : .ok
    }
    defer { upstream.stop() }
    let rigs = try (0..<2).map { _ in try GatewayRig(sharing: store, "", upstream) }
    for rig in rigs {
      #expect(eventually { rig.told.all.contains { $0.contains("connected to") } })
    }
    #expect(try rigs[0].call("GET", "/api/v2/courses").status == 429)
    let told = ContinuousClock.now
    #expect(try eventually { try rigs[1].pause > 25 })
    #expect(ContinuousClock.now - told < .milliseconds(200))
    #expect(try rigs[1].call("GET", "/api/v2/courses").problem == "quota-exceeded")
    // An operator may end the pause.
    let admin = try Wire(port: try #require(rigs[0].gateway.adminAddress?.port))
    #expect(try admin.call("POST", "/api/limits/resume?app=main").status == 200)
    #expect(try eventually { try rigs[1].pause == 0 })
    #expect(try rigs[1].call("GET", "/api/v2/courses").status == 200)
  }

  @Test(
    "While the store stands still calls go on by the lease, then by an even share, then by a lease again"
  )
  func lostStore() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      sharing: store, "{name: app, rate: 1000/1s, burst: 100}", upstream)
    #expect(try rig.becomesLeased("app"))
    store.signal(SIGSTOP)
    var longest = Duration.zero
    var statuses: Set<Int> = []
    let isLost = try eventually {
      let start = ContinuousClock.now
      statuses.insert(try rig.call("GET", "/api/v2/courses").status)
      longest = max(longest, ContinuousClock.now - start)
      return try rig.state("app") == "lost"
    }
    #expect(isLost && statuses == [200])
    #expect(longest < .milliseconds(500))
    #expect(rig.told.all.count { $0.contains("is lost") } == 1)
    store.signal(SIGCONT)
    #expect(try rig.becomesLeased("app"))
    #expect(rig.told.all.count { $0.contains("connected to") } == 2)
    #expect(try rig.metric("scorm_gateway_shared_store_losses_total") == 1)
  }

  @Test(
    "Without the store a closed limit refuses, and an open one lets all pass",
    arguments: ["closed", "open"])
  func onLoss(policy: String) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      sharing: nil, "{name: app, rate: 1/1d, burst: 3}", upstream, more: "onLoss: \(policy)")
    #expect(try eventually { try rig.state("app") == "lost" })
    let statuses = try (0..<4).map { _ in try rig.call("GET", "/api/v2/courses").status }
    #expect(statuses == (policy == "open" ? [200, 200, 200, 429] : [429, 429, 429, 429]))
  }

  @Test("A store that lost its memory, or its scripts, shares the limit again")
  func forgottenScripts() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, "{name: app, rate: 100/1s}", upstream)
    #expect(try rig.becomesLeased("app"))
    _ = try store.run([["SCRIPT", "FLUSH"], ["FLUSHALL"]])
    let before = try rig.metric("scorm_gateway_shared_store_errors_total") ?? 0
    #expect(
      try eventually { try rig.metric("scorm_gateway_shared_store_errors_total") ?? 0 > before })
    #expect(try rig.becomesLeased("app"))
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
  }

  @Test(
    "Gateways with one prefix and other limits are told so, and the one that came later is refused")
  func conflict() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let first = try GatewayRig(sharing: store, "{name: app, rate: 100/1s}", upstream)
    #expect(try first.becomesLeased("app"))
    let second = try GatewayRig(sharing: store, "{name: app, rate: 200/1s}", upstream)
    #expect(
      eventually {
        second.told.all.contains {
          $0.contains("limit app|SANDBOX is not shared: gateways with the prefix")
        }
      })
    #expect(try eventually { try second.state("app") == "lost" })
    first.end()
    #expect(try second.becomesLeased("app"))
    #expect(second.told.all.contains { $0.contains("is shared again") })
  }

  @Test(
    "A reload takes another store, other limits and another policy, and the last gateway leaves nothing behind"
  )
  func reload() throws {
    let stores = [try RedisServer(), try RedisServer()]
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: stores[0], "{name: app, rate: 100/1s}", upstream)
    #expect(try rig.becomesLeased("app"))
    let changed = try rig.reload(
      yaml:
        GatewayRig.yaml(sharing: stores[1], "{name: app, rate: 50/1s}", more: "onLoss: closed"))
    #expect(changed.problems.isEmpty && changed.text.contains("shared: url"))
    #expect(try rig.becomesLeased("app"))
    let members = String(
      decoding: try stores[0].run([["HLEN", "{scorm-gateway}:limit:app|SANDBOX"]]), as: UTF8.self)
    // Only the hash's own five fields.
    #expect(members.hasPrefix(":5\r\n"))
    let alone = try rig.reload(
      yaml:
        "apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]\n"
        + "limits: [{name: app, rate: 50/1s}]\n")
    #expect(alone.problems.isEmpty)
    #expect(try rig.state("app") == nil)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
  }

  @Test("A user with a password is let in, a wrong password is told without being shown")
  func credentials() throws {
    let folder = try OwnFolder()
    // The permissions that docs/fleet.md names.
    let rights = try #require(
      String(contentsOf: SharedLimitsTests.document, encoding: .utf8).split(separator: "\n")
        .first { $0.hasPrefix("user gateway on >PASSWORD ") })
    try folder.write(
      "user default off\n" + rights.replacing("PASSWORD", with: "s3cr3t-Pass"), to: "acl")
    let store = try RedisServer(["--aclfile", folder.path + "/acl"])
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    try folder.write("s3cr3t-Pass", to: "good")
    try folder.write("s3cr3t-Wrong", to: "bad")
    // Proof: a C string for the call.
    for name in ["good", "bad"] { _ = unsafe chmod(folder.path + "/" + name, 0o600) }
    func rig(_ name: String) throws -> GatewayRig {
      try GatewayRig(
        sharing: store, "{name: app, rate: 100/1s}", upstream,
        more: "user: gateway, password: {file: \(folder.path)/\(name)}")
    }
    #expect(try rig("good").becomesLeased("app"))
    let refused = try rig("bad")
    #expect(eventually { refused.told.all.contains { $0.contains("WRONGPASS") } })
    #expect(!refused.told.all.contains { $0.contains("s3cr3t") })
  }

  @Test(
    "Over TLS the store's certificate is checked before anything is said", arguments: [true, false])
  func certificate(isTrusted: Bool) throws {
    let servers = try (0..<2).map { _ in try TLSServer(name: "DNS:localhost", days: 2) }
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      sharing: nil, "{name: app, rate: 100/1s}", upstream,
      more: "caFile: \(servers[isTrusted ? 0 : 1].certificate)",
      url: "rediss://localhost:\(servers[0].port)")
    // The server there sends lines back reversed.
    let reason = isTrusted ? "does not speak the protocol" : "certificate is not accepted"
    #expect(
      eventually { rig.told.all.contains { $0.contains("is lost") && $0.contains(reason) } },
      "\(rig.told.all)")
  }

  @Test(
    "Errors of the store are told once, and limits go by onLoss",
    arguments: [
      "-READONLY You can't write against a read only replica.",
      "-LOADING Redis is loading the dataset in memory",
      "-OOM command not allowed when used memory > 'maxmemory'.",
      "-NOAUTH Authentication required.", "+not what was asked", "%2",
    ])
  func errors(answer: String) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let listener = try LoopbackListener()
    defer { listener.stop() }
    listener.serve { wire, _ in
      while true {
        _ = try wire.take(through: "\r\n")
        try wire.send(answer + "\r\n")
      }
    }
    let rig = try GatewayRig(
      sharing: nil, "{name: app, rate: 100/1s, burst: 20}", upstream,
      url: "redis://127.0.0.1:\(listener.port)")
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(rig.told.all.count { $0.contains("shared:") } == 1, "\(rig.told.all)")
  }
}

extension GatewayRig {
  static func yaml(
    sharing store: RedisServer?, _ limits: String, more: String = "", url: String? = nil
  ) -> String {
    let place = url ?? "unix:\(store?.socket ?? "/nowhere/there.is.nothing")"
    return """
      apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
      limits: [\(limits)]
      shared: {url: "\(place)"\(more.isEmpty ? "" : ", ")\(more)}
      """
  }

  convenience init(
    sharing store: RedisServer?, _ limits: String, _ upstream: LimitsUpstream, more: String = "",
    url: String? = nil
  ) throws {
    try self.init(
      upstream: upstream.port,
      yaml: GatewayRig.yaml(sharing: store, limits, more: more, url: url))
  }

  /// The state of the limit with this name; nil if it is not shared.
  func state(_ limit: String) throws -> String? {
    let row = try limits().first { $0["limit"] as? String == limit }
    return (row?["shared"] as? [String: Any])?["state"] as? String
  }

  /// Whether the limit gets a share within the time limit.
  func becomesLeased(_ limit: String) throws -> Bool {
    try eventually {
      let row = try limits().first { $0["limit"] as? String == limit }
      let shared = row?["shared"] as? [String: Any]
      return shared?["state"] as? String == "leased" && shared?["granted"] as? Double ?? 0 > 0
    }
  }

  /// Seconds for which the app is paused.
  var pause: Double {
    get throws {
      let rows = try limits().compactMap { $0["pausedFor"] as? Double }
      return rows.max() ?? 0
    }
  }
}
