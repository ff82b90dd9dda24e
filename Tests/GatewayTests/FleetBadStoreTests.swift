import Foundation
import Gateway
import Testing

/// A reachable store that is unusable. Each cause is reported, calls continue according to `onLoss`, and limits are
/// shared again afterwards.
@Suite(
  .ownThread, .serialized, .timeLimit(.minutes(2)),
  .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct FleetBadStoreTests {
  private static let limit = "{name: app, rate: 100/1s, burst: 20}"
  private static let key = "{scorm-gateway}:limit:app|SANDBOX"

  /// Makes a real store unusable, and then usable again.
  private func check(
    _ harm: [[String]], _ word: String, _ cure: [[String]], _ store: RedisServer
  ) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, Self.limit, upstream)
    #expect(try rig.becomesLeased("app"))
    _ = try store.run(harm)
    #expect(
      eventually { rig.told.all.contains { $0.contains("is lost (") && $0.contains(word) } },
      "\(rig.told.all)")
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    _ = try store.run(cure)
    #expect(try eventually(within: 20) { try rig.state("app") == "leased" })
    // One line reports the loss, and one the return.
    #expect(rig.told.all.count { $0.contains("is lost") } == 1, "\(rig.told.all)")
    #expect(rig.told.all.count { $0.contains("connected to") } == 2, "\(rig.told.all)")
  }

  @Test("READONLY: a store that has become a replica")
  func readOnly() throws {
    try check(
      [["REPLICAOF", "127.0.0.1", "1"]], "READONLY", [["REPLICAOF", "NO", "ONE"]], RedisServer())
  }

  @Test("OOM: a store whose memory is full")
  func outOfMemory() throws {
    try check(
      [["CONFIG", "SET", "maxmemory", "1"]], "OOM", [["CONFIG", "SET", "maxmemory", "0"]],
      RedisServer())
  }

  @Test("NOAUTH: a store that has been given a password")
  func noPassword() throws {
    try check(
      [["CONFIG", "SET", "requirepass", "s3cr3t"], ["CLIENT", "KILL", "SKIPME", "no"]],
      // Either may come first: the end of the connection, or the answer to the next one.
      "(", [["AUTH", "s3cr3t"], ["CONFIG", "SET", "requirepass", ""]], RedisServer())
  }

  @Test("NOPERM: a store that has taken rights away")
  func noRights() throws {
    try check(
      [["ACL", "SETUSER", "default", "-evalsha"]], "NOPERM",
      [["ACL", "SETUSER", "default", "+@all"]], RedisServer())
  }

  @Test("NOSCRIPT: a store that has forgotten its scripts goes on without a loss")
  func forgottenScripts() throws {
    let store = try RedisServer()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, Self.limit, upstream)
    #expect(try rig.becomesLeased("app"))
    for round in 1...3 {
      _ = try store.run([["SCRIPT", "FLUSH"]])
      #expect(
        try eventually {
          try rig.metric("scorm_gateway_shared_store_errors_total") ?? 0 >= Double(round)
        })
      #expect(try rig.becomesLeased("app"))
    }
    #expect(!rig.told.all.contains { $0.contains("is lost") })
  }

  @Test(
    "Another program's value under a limit's key is told, left alone, and does no harm to calls")
  func foreignLimit() throws {
    let store = try RedisServer()
    _ = try store.run([["SET", Self.key, "theirs"]])
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, Self.limit, upstream)
    #expect(
      eventually {
        rig.told.all.contains { $0.contains("its key \(Self.key) has a value of another program") }
      })
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let value = String(decoding: try store.run([["GET", Self.key]]), as: UTF8.self)
    #expect(value.hasPrefix("$6\r\ntheirs\r\n"))
    _ = try store.run([["DEL", Self.key]])
    #expect(try rig.becomesLeased("app"))
    #expect(rig.told.all.contains { $0.contains("limit app|SANDBOX is shared again") })
  }

  @Test("Another program's value under the key of pauses is told once, and again if it comes back")
  func foreignPauses() throws {
    let store = try RedisServer()
    _ = try store.run([["RPUSH", "{scorm-gateway}:pauses", "theirs"]])
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(sharing: store, Self.limit, upstream)
    #expect(try rig.becomesLeased("app"))
    let commands = try rig.metric("scorm_gateway_shared_store_commands_total") ?? 0
    #expect(
      try eventually {
        try rig.metric("scorm_gateway_shared_store_commands_total") ?? 0 > commands + 4
      })
    let reason = "the key {scorm-gateway}:pauses has a value of another program"
    #expect(rig.told.all.count { $0.contains(reason) } == 1, "\(rig.told.all)")
    #expect(try rig.state("app") == "leased")
    // Once it is gone, pauses are shared again, and the next one is told.
    _ = try store.run([["DEL", "{scorm-gateway}:pauses"]])
    let answered = try rig.metric("scorm_gateway_shared_store_commands_total") ?? 0
    #expect(
      try eventually {
        try rig.metric("scorm_gateway_shared_store_commands_total") ?? 0 > answered + 4
      })
    _ = try store.run([["RPUSH", "{scorm-gateway}:pauses", "theirs"]])
    #expect(eventually { rig.told.all.count { $0.contains(reason) } == 2 }, "\(rig.told.all)")
  }

  @Test(
    "An answer that is an error, cut, silent or nonsense loses the store, once, and is got over",
    arguments: [
      "-LOADING Redis is loading the dataset in memory\r\n",
      "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
      "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to.\r\n",
      "-BUSY Redis is busy running a script.\r\n", "-CLUSTERDOWN Hash slot not served\r\n",
      "-ASK 866 127.0.0.1:7001\r\n", "-ERR unknown command\r\n", "-\r\n",
      "*7\r\n$2\r\nok\r\n:4096\r\n:2", "*7\r\n$2\r\nok\r", "", nil, "*1\r\n$2\r\nok\r\n", "$-1\r\n",
      "*7\r\n$2\r\nok\r\n:-1\r\n:20\r\n:0\r\n:0\r\n:1\r\n:1\r\n",
      "*7\r\n$2\r\nok\r\n:9999\r\n:20\r\n:0\r\n:0\r\n:1\r\n:1\r\n", "*70000\r\n",
    ] as [String?])
  func badAnswers(answer: String?) throws {
    let store = try ScriptedStore(answering: ScriptedStore.granted)
    let upstream = try LimitsUpstream()
    defer {
      store.stop()
      upstream.stop()
    }
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(store.port)")
    #expect(try rig.becomesLeased("app"))
    store.answer(answer)
    #expect(eventually { rig.told.all.contains { $0.contains("is lost") } })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(rig.told.all.count { $0.contains("is lost") } == 1, "\(rig.told.all)")
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    store.answer(ScriptedStore.granted)
    #expect(try eventually(within: 20) { try rig.state("app") == "leased" })
  }
}
