import Foundation
import Gateway
import System
import Testing

/// The store is a cluster, and the gateways are configured with one of its nodes.
@Suite(
  .ownThread, .serialized, .timeLimit(.minutes(3)),
  .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct FleetClusterTests {
  private static let limit = "{name: app, rate: 1000/1s, burst: 100}"

  @Test(
    "Gateways that are told of a node without their keys find the one that has them, without a loss"
  )
  func findsTheNode() throws {
    let cluster = try RedisCluster()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let owner = try cluster.owner()
    let rigs = try cluster.nodes.indices.map { node in
      try GatewayRig(
        sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(cluster.ports[node])")
    }
    for rig in rigs { #expect(try rig.becomesLeased("app")) }
    #expect(
      try eventually {
        try rigs[0].limits().contains {
          ($0["shared"] as? [String: Any])?["members"] as? Int == rigs.count
        }
      })
    #expect(try cluster.members(at: owner) == rigs.count)
    let told = rigs.flatMap { $0.told.all }
    #expect(!told.contains { $0.contains("is lost") }, "\(told)")
    // Notices about pauses reach the whole cluster.
    let admin = try Wire(port: try #require(rigs[0].gateway.adminAddress?.port))
    #expect(try admin.call("POST", "/api/limits/resume?app=main").status == 200)
  }

  @Test("A slot that moves to another node is followed, and calls go on")
  func slotMoves() throws {
    let cluster = try RedisCluster()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let source = try cluster.owner()
    let target = (source + 1) % cluster.nodes.count
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(cluster.ports[source])")
    #expect(try rig.becomesLeased("app"))
    var statuses: Set<Int> = []
    try cluster.move(from: source, to: target)
    #expect(
      try eventually {
        statuses.insert(try rig.call("GET", "/api/v2/courses").status)
        return try cluster.members(at: target) == 1 && rig.state("app") == "leased"
      })
    // Moves it back again.
    try cluster.move(from: target, to: source)
    #expect(
      try eventually {
        statuses.insert(try rig.call("GET", "/api/v2/courses").status)
        return try cluster.members(at: source) == 1 && rig.state("app") == "leased"
      })
    #expect(statuses == [200])
  }

  @Test("ASK: a slot that stays between two nodes is a store that is lost, until it has arrived")
  func slotStaysBetween() throws {
    let cluster = try RedisCluster()
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let source = try cluster.owner()
    let target = (source + 1) % cluster.nodes.count
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(cluster.ports[source])")
    #expect(try rig.becomesLeased("app"))
    try cluster.beginMove(from: source, to: target)
    #expect(
      eventually { rig.told.all.contains { $0.contains("is lost (ASK ") } }, "\(rig.told.all)")
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    // The limit is not counted twice.
    #expect(try cluster.members(at: source) == 0)
    try cluster.endMove(from: source, to: target)
    #expect(try eventually(within: 20) { try rig.state("app") == "leased" })
    #expect(rig.told.all.count { $0.contains("is lost") } == 1, "\(rig.told.all)")
  }

  @Test("A node that sends gateways to one that is gone is asked again")
  func movedToNowhere() throws {
    let gone = try ScriptedStore(answering: nil)
    gone.stop()
    let store = try ScriptedStore(answering: "-MOVED 866 127.0.0.1:\(gone.port)\r\n")
    let upstream = try LimitsUpstream()
    defer {
      store.stop()
      upstream.stop()
    }
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(store.port)")
    #expect(try eventually { try rig.state("app") == "lost" })
    store.answer(ScriptedStore.granted)
    #expect(try eventually(within: 30) { try rig.state("app") == "leased" })
  }

  @Test("Nodes that do not know their address are found by the port alone")
  func movedToPort() throws {
    let owner = try ScriptedStore(answering: ScriptedStore.granted)
    let store = try ScriptedStore(answering: "-MOVED 866 :\(owner.port)\r\n")
    let upstream = try LimitsUpstream()
    defer {
      owner.stop()
      store.stop()
      upstream.stop()
    }
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(store.port)")
    #expect(try rig.becomesLeased("app"))
    #expect(!rig.told.all.contains { $0.contains("is lost") })
  }

  @Test(
    "Nodes that send gateways to and fro are a store that is lost, and get no flood of questions")
  func movedToAndFro() throws {
    let stores = [try ScriptedStore(answering: nil), try ScriptedStore(answering: nil)]
    for (store, other) in [(stores[0], stores[1]), (stores[1], stores[0])] {
      store.answer("-MOVED 866 127.0.0.1:\(other.port)\r\n")
    }
    let upstream = try LimitsUpstream()
    defer {
      for store in stores { store.stop() }
      upstream.stop()
    }
    let rig = try GatewayRig(
      sharing: nil, Self.limit, upstream, url: "redis://127.0.0.1:\(stores[0].port)")
    #expect(
      eventually { rig.told.all.contains { $0.contains("it sends us to 127.0.0.1:") } },
      "\(rig.told.all)")
    #expect(try eventually { try rig.state("app") == "lost" })
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    // Six requests per round, and rounds have pauses between them.
    #expect(stores.reduce(0) { $0 + $1.questions } < 60)
    #expect(rig.told.all.count { $0.contains("is lost") } == 1)
  }
}

/// Three nodes, each with a third of the slots.
final class RedisCluster {
  private static let slots = ["0 5460", "5461 10922", "10923 16383"]
  let nodes: [RedisServer]
  let ports: [UInt16]
  private let slot: String
  private let identities: [String]

  init() throws {
    // The ports stay bound until all are known, so that they differ.
    let listeners = try (0..<6).map { _ in try LoopbackListener() }
    let free = listeners.map(\.port)
    for listener in listeners { listener.serve { _, _ in } }
    for listener in listeners { listener.stop() }
    for port in free { _ = eventually { (try? Wire(port: port)) == nil } }
    ports = Array(free[..<3])
    nodes = try (0..<3).map { node in
      try RedisServer([
        "--port", "\(free[node])", "--bind", "127.0.0.1", "--cluster-enabled", "yes",
        "--cluster-port", "\(free[node + 3])", "--cluster-config-file", "nodes.conf",
        "--cluster-node-timeout", "5000",
      ])
    }
    for (node, range) in zip(nodes, RedisCluster.slots) {
      let ends = range.split(separator: " ").map(String.init)
      _ = try node.run([["CLUSTER", "ADDSLOTSRANGE"] + ends])
    }
    _ = try nodes[0].run(
      (1..<3).map { ["CLUSTER", "MEET", "127.0.0.1", "\(free[$0])", "\(free[$0 + 3])"] })
    for node in nodes {
      guard
        try eventually(
          within: 30, { try node.text(["CLUSTER", "INFO"]).contains("cluster_state:ok") })
      else { throw RedisServer.Failure(text: try node.text(["CLUSTER", "INFO"])) }
    }
    slot = String(try nodes[0].text(["CLUSTER", "KEYSLOT", "{scorm-gateway}:x"]).dropFirst())
    identities = try nodes.map { try $0.text(["CLUSTER", "MYID"]) }
  }

  /// The node that holds the gateways' keys.
  func owner() throws -> Int {
    let number = Int(slot) ?? 0
    return try #require(
      RedisCluster.slots.firstIndex {
        let ends = $0.split(separator: " ").compactMap { Int($0) }
        return (ends[0]...ends[1]).contains(number)
      })
  }

  /// The number of gateways that share the limit according to a node; 0 if the node has no keys for it.
  func members(at node: Int) throws -> Int {
    let fields = try nodes[node].text(["HKEYS", "{scorm-gateway}:limit:app|SANDBOX"])
    return fields.split(separator: "\r\n").count { $0.hasPrefix("m:") }
  }

  /// Moves the keys, but not yet the slot.
  func beginMove(from source: Int, to target: Int) throws {
    _ = try nodes[target].run([["CLUSTER", "SETSLOT", slot, "IMPORTING", identities[source]]])
    _ = try nodes[source].run([["CLUSTER", "SETSLOT", slot, "MIGRATING", identities[target]]])
    while true {
      let keys = try nodes[source].text(["CLUSTER", "GETKEYSINSLOT", slot, "100"])
        .split(separator: "\r\n").filter { $0.hasPrefix("{") }.map(String.init)
      guard !keys.isEmpty else { return }
      _ = try nodes[source].run([
        ["MIGRATE", "127.0.0.1", "\(ports[target])", "", "0", "5000", "KEYS"] + keys
      ])
    }
  }

  func endMove(from source: Int, to target: Int) throws {
    for node in [target, source] {
      _ = try nodes[node].run([["CLUSTER", "SETSLOT", slot, "NODE", identities[target]]])
    }
  }

  func move(from source: Int, to target: Int) throws {
    try beginMove(from: source, to: target)
    try endMove(from: source, to: target)
  }
}

extension RedisServer {
  /// The answer to one command; of a bulk string only the content.
  func text(_ command: [String]) throws -> String {
    var text = String(decoding: try run([command]), as: UTF8.self)
    // The answer to QUIT. A line end is one character in Swift.
    if text.hasSuffix("+OK\r\n") { text.removeLast(4) }
    while text.hasSuffix("\r\n") { text.removeLast() }
    guard text.hasPrefix("$"), let end = text.range(of: "\r\n") else { return text }
    return String(text[end.upperBound...])
  }
}
