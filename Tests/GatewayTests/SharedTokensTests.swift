import Foundation
import Gateway
import Glibc
import Synchronization
import System
import Testing

/// Tokens that gateways share through a real store.
@Suite(
  "Tokens shared by gateways", .ownThread, .serialized, .timeLimit(.minutes(2)),
  .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct SharedTokensTests {
  private static let key = String(repeating: "0123456789abcdef", count: 4)

  @Test("Gateways that start at once make one token request for each app and scope, not one each")
  func storm() throws {
    // A gateway waits up to a second for another gateway, and 150 ms for the store. A busy machine sometimes takes
    // longer. Without sharing, five gateways would make five requests each time.
    var requests = try storm(of: 5)
    for _ in 0..<4 where requests.values.contains(where: { $0 > 2 }) {
      requests = try storm(of: 5)
    }
    #expect(requests.values.allSatisfy { (1...2).contains($0) }, "\(requests)")
    #expect(requests.keys.contains("read:course") && requests.keys.contains("read:registration"))
  }

  /// Token requests by scope, of gateways that need the same tokens at the same time.
  private func storm(of count: Int) throws -> [String: Int] {
    let gate = Gate()
    let world = try TokenWorld(tokensAfter: gate)
    let rigs = try world.start(count)
    gate.open()
    for rig in rigs {
      #expect(try rig.call("GET", "/api/v2/courses").status == 200)
      #expect(try rig.call("GET", "/api/v2/registrations").status == 200)
    }
    #expect(world.cloud.calls.allSatisfy { $0.status == 200 })
    // Each token was either fetched here and put into the store, or taken from the store.
    func total(_ result: String) throws -> Int {
      try rigs.map { try $0.share(result) }.reduce(0, +)
    }
    #expect(
      try eventually { try total("put") == world.tokenRequests.values.reduce(0, +) })
    #expect(try total("put") + total("taken") >= 2 * count)
    let requests = world.tokenRequests
    for rig in rigs where try rig.share("taken") > 0 {
      #expect(
        try rig.admin("GET", "/api/tokens?format=table").text.contains("Tokens are shared with"))
      #expect(
        try rig.tokenRows().contains { $0["shared"] as? Bool == true && $0["age"] is Double })
    }
    return requests
  }

  @Test(
    "Without the store each gateway fetches its tokens itself, at once; with one that hangs, soon")
  func noStore() throws {
    let world = try TokenWorld()
    world.store.end()
    let rigs = try world.start(3)
    for rig in rigs {
      #expect(try rig.call("GET", "/api/v2/courses").status == 200)
      #expect(try rig.share("taken") == 0 && rig.share("away") > 0)
    }
    #expect(world.tokenRequests["read:course"] == 3)
    // It accepts connections, but answers nothing.
    let silent = try LoopbackListener()
    defer { silent.stop() }
    silent.serve { wire, _ in _ = wire.takeAll() }
    let rig = try world.start(url: "redis://127.0.0.1:\(silent.port)")
    let start = ContinuousClock.now
    #expect(try rig.call("GET", "/api/v2/registrations").status == 200)
    #expect(ContinuousClock.now - start < .milliseconds(900))
  }

  @Test(
    "A store that stands still holds a call up for 150 ms at most, and only until that is noticed")
  func hangingStore() throws {
    let world = try TokenWorld()
    let rig = try world.start()
    #expect(rig.isConnected)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    world.store.signal(SIGSTOP)
    let start = ContinuousClock.now
    #expect(try rig.call("GET", "/api/v2/registrations").status == 200)
    #expect(ContinuousClock.now - start < .milliseconds(700))
    #expect(try rig.share("late") == 1)
    #expect(world.tokenRequests["read:registration"] == 1)
  }

  @Test("Neither keys nor values nor files of the store hold a token or a secret in any plain form")
  func secrecy() throws {
    let world = try TokenWorld([
      "--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no",
    ])
    let rig = try world.start()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try rig.share("put") >= 1 })
    #expect(try eventually { try !world.names().isEmpty })
    _ = try world.store.run([["SAVE"]])
    var dump = Data()
    let files = try #require(FileManager.default.enumerator(atPath: world.store.folder))
    for case let file as String in files {
      dump += (try? Data(contentsOf: URL(filePath: world.store.folder + "/" + file))) ?? Data()
    }
    #expect(world.cloud.tokenTexts.count >= 2)
    // The search finds something that is in the dump.
    #expect(dump.contains("{scorm-gateway}:token:SANDBOX:read:course:"))
    var forms: [String] = []
    for secret in world.cloud.tokenTexts + ["CANARY", "sandbox-secret", SharedTokensTests.key] {
      let bytes = Data(secret.utf8)
      forms += [
        secret, bytes.map { String(format: "%02x", $0) }.joined(), bytes.base64EncodedString(),
        String(decoding: secret.utf8.reversed(), as: UTF8.self),
      ]
      // The base 64 of a text within another text has three possible forms.
      for shift in 1...2 {
        let inside = (Data(repeating: 0, count: shift) + bytes).base64EncodedString()
        forms.append(String(inside.dropFirst(4).dropLast(4)))
      }
    }
    for form in forms { #expect(!dump.contains(form), "\(form)") }
  }

  @Test(
    "A token that SCORM Cloud has refused is taken from nobody again, whether it can be renewed or not"
  )
  func refused() throws {
    let world = try TokenWorld()
    let first = try world.start()
    #expect(try first.call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try world.names(of: "read:course").count == 1 })
    world.cloud.endTokens()
    #expect(try first.call("GET", "/api/v2/courses").status == 200)
    #expect(try first.share("withdrawn") == 1)
    #expect(try eventually { try first.share("put") >= 2 })
    // Its replacement is available to other gateways.
    let second = try world.start()
    let requests = world.tokenRequests["read:course"]
    #expect(try second.call("GET", "/api/v2/courses").status == 200)
    #expect(world.tokenRequests["read:course"] == requests)
    #expect(world.cloud.calls.map(\.status) == [200, 401, 200, 200])
    // Now no gateway can fetch another token.
    world.cloud.endTokens()
    world.cloud.failTokenRequests()
    #expect(try second.call("GET", "/api/v2/courses").status != 200)
    #expect(try eventually { try second.share("withdrawn") == 1 })
    let third = try world.start()
    let calls = world.cloud.calls.count
    #expect(try third.call("GET", "/api/v2/courses").status != 200)
    #expect(world.cloud.calls.count == calls)
  }

  @Test("A gateway with another secret of the app takes no token of the former one")
  func rotated() throws {
    let world = try TokenWorld()
    let old = try world.start()
    #expect(try old.call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try world.names(of: "read:course").count == 1 })
    world.cloud.replaceSecret(of: "SANDBOX", with: "another-secret")
    let new = try world.start(secret: "another-secret")
    #expect(try new.call("GET", "/api/v2/courses").status == 200)
    #expect(world.cloud.calls.map(\.status) == [200, 200])
    #expect(try world.names(of: "read:course").count == 2)
    #expect(try new.share("unopened") == 0)
  }

  @Test("A gateway with another key takes nothing, and puts its own beside")
  func otherKey() throws {
    let world = try TokenWorld()
    let first = try world.start()
    #expect(try first.call("GET", "/api/v2/courses").status == 200)
    #expect(try eventually { try world.names(of: "read:course").count == 1 })
    try world.write(key: String(repeating: "fedcba9876543210", count: 4), to: "other")
    let second = try world.start(key: "other")
    #expect(try second.call("GET", "/api/v2/courses").status == 200)
    #expect(try second.share("taken") == 0)
    #expect(try world.names(of: "read:course").count == 2)
    #expect(world.tokenRequests["read:course"] == 2)
    #expect(try first.keyMark() != second.keyMark())
  }

  @Test(
    "What does not open is told once, counted and ignored: changed, moved, or of another program",
    arguments: ["changed", "moved", "junk", "text", "hash"])
  func unopened(how: String) throws {
    let world = try TokenWorld()
    let first = try world.start()
    #expect(try first.call("GET", "/api/v2/courses").status == 200)
    #expect(try first.call("GET", "/api/v2/registrations").status == 200)
    #expect(try eventually { try world.names(of: "read:registration").count == 1 })
    let course = try #require(try world.names(of: "read:course").first)
    let registration = try #require(try world.names(of: "read:registration").first)
    let value = try world.value(registration)
    switch how {
    case "changed":
      let place = value.index(value.startIndex, offsetBy: 60)
      let other = value[place] == "A" ? "B" : "A"
      _ = try world.store.run([
        ["HSET", registration, "v", value.replacingCharacters(in: place...place, with: other)]
      ])
    case "moved": _ = try world.store.run([["RENAME", course, registration]])
    case "junk": _ = try world.store.run([["HSET", registration, "v", "theirs"]])
    case "text": _ = try world.store.run([["SET", registration, "theirs"]])
    default:
      _ = try world.store.run([["DEL", registration], ["HSET", registration, "name", "theirs"]])
    }
    let second = try world.start()
    let before = world.tokenRequests["read:registration"]
    #expect(try second.call("GET", "/api/v2/registrations").status == 200)
    #expect(world.tokenRequests["read:registration"] == (before ?? 0) + 1)
    let isForeign = how == "text" || how == "hash"
    #expect(try second.share(isForeign ? "away" : "unopened") == 1)
    #expect(
      second.told.all.count {
        $0.contains(isForeign ? "has a value of another program" : "cannot be opened")
      } == 1, "\(second.told.all)")
  }

  @Test("A key file that changes is used without a restart; one that holds no key is told")
  func otherKeyFile() throws {
    let world = try TokenWorld()
    let rig = try world.start()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let mark = try rig.keyMark()
    var watch = rig.watch()
    #expect(watch.isNeeded)
    try world.write(key: "short", to: "key")
    watch.look()
    #expect(
      rig.told.all.contains { $0.contains("the old key stays in use") && $0.contains("5 bytes") })
    try world.write(key: String(repeating: "fedcba9876543210", count: 4), to: "key")
    watch.look()
    #expect(rig.told.all.contains { $0.contains("the new key is used from now on") })
    #expect(try rig.call("GET", "/api/v2/registrations").status == 200)
    #expect(try rig.keyMark() != mark)
    let other = try world.start()
    #expect(try other.call("GET", "/api/v2/registrations").status == 200)
    #expect(try other.share("taken") >= 1)
  }

  @Test("What is renewed by one is taken by the others when theirs is due, not fetched once more")
  func renewal() throws {
    let world = try TokenWorld()
    let rigs = [try world.start(), try world.start()]
    for rig in rigs { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    #expect(world.tokenRequests["read:course"] == 1)
    // 83 % of its life: past the latest time for renewal, and with too little left for other gateways.
    for (number, rig) in rigs.enumerated() {
      if number == 0 {
        let name = try #require(try world.names(of: "read:course").first)
        // The store's clock is not the test's: a token that is fresh by the store's clock is too old by now.
        _ = try world.store.run([["HSET", name, "f", "1"]])
      }
      rig.clock.turn(by: 250_000_000_000)
      #expect(try rig.call("GET", "/api/v2/courses").status == 200)
      #expect(
        try eventually {
          let row = try rig.tokenRows().first { $0["scope"] as? String == "read:course" }
          return row?["generation"] as? Int == 2 && row?["shared"] as? Bool == (number == 1)
        })
    }
    #expect(world.tokenRequests["read:course"] == 2)
  }

  @Test("doctor shows by its mark which key is used, and names what is wrong with a file")
  func doctor() throws {
    let (world, folder) = (try TokenWorld(), try OwnFolder())
    func doctor(_ key: String) throws -> String {
      try folder.write(key, to: "key")
      // Proof: a C string for the call.
      _ = unsafe chmod(folder.path + "/key", 0o600)
      try folder.write(
        """
        apps: [{name: main, id: SANDBOX, secret: {file: key}}]
        shared: {url: "unix:\(world.store.socket)"}
        tokens: {share: true, shareKey: {file: key}}
        """, to: "gateway.yaml")
      return try Command.run([
        "doctor", "-c", folder.path + "/gateway.yaml", "--only", "configuration,shared",
      ]).output
    }
    let rig = try world.start()
    let mark = try #require(try rig.keyMark())
    #expect(try doctor(SharedTokensTests.key).contains("sealed with key \(mark)"))
    let wrong = try doctor("a passphrase of a few words")
    #expect(wrong.contains("GW-CFG-01") && wrong.contains("openssl rand -hex 32"))
    #expect(wrong.contains("holds 27 bytes") && !wrong.contains("passphrase of"))
  }

  @Test("What an operator renews is fetched, and what is fetched others get when theirs is due")
  func renewed() throws {
    let world = try TokenWorld()
    let rigs = [try world.start(), try world.start()]
    for rig in rigs { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    let before = world.tokenRequests["read:course"] ?? 0
    #expect(before == 1)
    #expect(
      try rigs[0].admin("POST", "/api/tokens/renew?app=main&scope=read:course").status == 200)
    #expect(eventually { world.tokenRequests["read:course"] == before + 1 })
    #expect(
      try eventually { try rigs[0].share("put") > 0 && world.names(of: "read:course").count == 1 })
    // An operator's drop also prevents taking the token from another gateway.
    #expect(try rigs[1].admin("POST", "/api/tokens/drop?app=main&scope=read:course").status == 200)
    // Loops notice shortly after the answer.
    #expect(
      try eventually {
        try rigs[1].call("GET", "/api/v2/courses").status == 200
          && world.tokenRequests["read:course"] == before + 2
      })
  }
}

/// A store and a SCORM Cloud that all gateways share.
private final class TokenWorld {
  let store: RedisServer
  let cloud: RevocableCloud
  private let folder: OwnFolder

  init(_ arguments: [String] = [], tokensAfter gate: Gate? = nil) throws {
    store = try RedisServer(arguments)
    cloud = try RevocableCloud(secrets: ["SANDBOX": "sandbox-secret"], tokensAfter: gate)
    folder = try OwnFolder()
    try write(key: String(repeating: "0123456789abcdef", count: 4), to: "key")
  }

  deinit { cloud.stop() }

  func write(key: String, to name: String) throws {
    try folder.write(key, to: name)
    // Proof: a C string for the call.
    _ = unsafe chmod(folder.path + "/" + name, 0o600)
  }

  func start(
    secret: String = "sandbox-secret", key: String = "key", url: String? = nil
  ) throws -> GatewayRig {
    try Gateways(self, secret: secret, key: key, url: url).start()
  }

  /// Starts `count` gateways at the same time.
  func start(_ count: Int) throws -> [GatewayRig] {
    let gateways = Gateways(self, secret: "sandbox-secret", key: "key", url: nil)
    let started = Mutex<[Started]>([])
    DispatchQueue.concurrentPerform(iterations: count) { _ in
      guard let rig = try? gateways.start() else { return }
      let entry = Started(rig: rig)
      started.withLock { $0.append(entry) }
    }
    let rigs = started.withLock { $0.map(\.rig) }
    #expect(rigs.count == count)
    return rigs
  }

  /// What the gateways are started with.
  private struct Gateways: Sendable {
    let port: UInt16
    let secret: String
    let yaml: String

    init(_ world: TokenWorld, secret: String, key: String, url: String?) {
      port = world.cloud.port
      self.secret = secret
      yaml = """
        apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
        shared: {url: "\(url ?? "unix:\(world.store.socket)")"}
        tokens: {share: true, shareKey: {file: \(world.folder.path)/\(key)}}
        """
    }

    func start() throws -> GatewayRig {
      try GatewayRig(
        upstream: port, secret: secret, yaml: yaml,
        ["tokens.url": "http://127.0.0.1:\(port)/token"])
    }
  }

  /// Passed from the thread that started it to the test's thread, which alone uses it.
  private struct Started: @unchecked Sendable {
    let rig: GatewayRig
  }

  /// Token requests by scope.
  var tokenRequests: [String: Int] {
    var counts: [String: Int] = [:]
    for request in cloud.tokenRequests {
      counts[request.scope.removingPercentEncoding ?? "?", default: 0] += 1
    }
    return counts
  }

  /// The keys of shared tokens.
  func names(of scope: String = "") throws -> [String] {
    let text = String(
      decoding: try store.run([["KEYS", "{scorm-gateway}:token:*"]]), as: UTF8.self)
    return text.split(separator: "\r\n").map(String.init).filter {
      $0.hasPrefix("{scorm-gateway}:token:SANDBOX:\(scope)")
    }
  }

  func value(_ name: String) throws -> String {
    let text = String(decoding: try store.run([["HGET", name, "v"]]), as: UTF8.self)
    return String(text.split(separator: "\r\n")[1])
  }
}

extension GatewayRig {
  /// The number of shared tokens with this result.
  fileprivate func share(_ result: String) throws -> Int {
    Int(try metric("scorm_gateway_shared_tokens_total{result=\"\(result)\"}") ?? -1)
  }

  fileprivate func keyMark() throws -> String? {
    (try admin("GET", "/api/tokens").json["share"] as? [String: Any])?["key"] as? String
  }

  fileprivate func tokenRows() throws -> [[String: Any]] {
    try admin("GET", "/api/tokens").json["tokens"] as? [[String: Any]] ?? []
  }
}

extension Data {
  fileprivate func contains(_ text: String) -> Bool {
    range(of: Foundation.Data(text.utf8)) != nil
  }
}
