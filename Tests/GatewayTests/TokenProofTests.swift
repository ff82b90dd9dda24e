import AccessTokens
import Foundation
import Gateway
import GatewayServer
import Synchronization
import System
import Testing

/// Callers never notice anything about tokens.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct TokenProofTests {
  private static func yaml(_ apps: String = "", _ tokens: String = "") -> String {
    """
    apps:
      - name: main
        id: SANDBOX
        secret: {env: SCORM_SECRET_KEY}
    \(apps)
    \(tokens)
    """
  }

  private static func rig(
    _ cloud: RevocableCloud, secret: String = "old", yaml: String? = nil, threads: Int = 2,
    clock: TurnedClock = Changes.clock(),
    times: @escaping @Sendable (inout RelaySettings) -> Void = { _ in }
  ) throws -> GatewayRig {
    try GatewayRig(
      upstream: cloud.port, secret: secret, yaml: yaml,
      [
        "tokens.url": "http://127.0.0.1:\(cloud.port)/api/v2/oauth/token",
        "policy.sensitiveForwarded": "GetConnectorsList",
      ], threads: threads, clock: clock, times: times)
  }

  @Test(
    "A thousand cold calls of three scopes and two apps at once cost six token requests, and succeed"
  )
  func sixRequests() throws {
    let gate = Gate()
    let cloud = try RevocableCloud(
      secrets: ["SANDBOX": "old", "SECOND": "old"], tokensAfter: gate)
    defer { cloud.stop() }
    let file = try TemporaryFile("old")
    let rig = try Self.rig(
      cloud,
      yaml: Self.yaml("  - name: second\n    id: SECOND\n    secret: {file: \(file.path)}")
    ) {
      // This does not test how fast a machine serves a thousand callers and the simulated cloud's threads.
      $0.tokenTimeout = 60_000_000_000
      $0.connectTimeout = 60_000_000_000
    }
    ProcessLimits.raiseDescriptorLimit()
    // None of the scopes is the one that readiness needs.
    let targets = ["/api/v2/courses", "/api/v2/registrations", "/api/v2/dispatch/dispatches"]
    let callers = try (0..<1000).map { _ in try rig.caller() }
    for (number, caller) in callers.enumerated() {
      let prefix = number % 2 == 0 ? "" : "/apps/second"
      try caller.send(Wire.request("GET", prefix + targets[number % 3]))
    }
    // No token is available before all of them wait for one.
    #expect(
      try eventually(within: 50) {
        try rig.metric("scorm_gateway_exchanges_in_flight") == 1000
      })
    gate.open()
    var outcomes: [String: Int] = [:]
    for caller in callers {
      caller.receiveLimit = 60
      let answer = try caller.answer()
      outcomes["\(answer.status) \(answer.problem ?? "")", default: 0] += 1
    }
    #expect(outcomes == ["200 ": 1000])
    let asked = cloud.tokenRequests.filter { !$0.scope.contains("ping") }
    #expect(asked.count == 6)
    #expect(Set(asked.map { "\($0.app) \($0.scope)" }).count == 6)
  }

  @Test(
    "With tokens of five seconds nobody sees a 401, and each is asked for once in its life")
  func shortLives() throws {
    let clock = Changes.clock()
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"], lifetime: 5, clock: clock)
    defer { cloud.stop() }
    let rig = try Self.rig(cloud, clock: clock)
    let caller = try rig.caller()
    // By the gateway's clock: when the simulated cloud's thread sees a request is not promised.
    var requestedAt: [UInt32: Int64] = [:]
    // At least 21 seconds, with 20 calls in each.
    for _ in 0..<420 {
      #expect(try caller.call("GET", "/api/v2/courses").status == 200)
      for key in rig.gateway.tokenListing.keys where key.scopes.contains("course") {
        requestedAt[key.generation] = key.requestedAt
      }
      clock.turn(by: 50_000_000)
    }
    #expect(cloud.calls.allSatisfy { $0.status == 200 && $0.age < 5 })
    let asked = cloud.tokenRequests.filter { $0.scope.contains("course") }
    // At the earliest 70 % of 5 s after its predecessor.
    let times = requestedAt.values.sorted()
    #expect(times.count >= 4)
    for (one, next) in zip(times, times.dropFirst()) { #expect(next - one >= 3_500_000_000) }
    #expect((4...7).contains(asked.count))
  }

  /// 32 callers in a loop, half of them with POST, until they are stopped.
  private final class Load: Sendable {
    private struct Tally {
      var statuses: [Int: Int] = [:]
      var posted: Set<String> = []
      var isOver = false
      var running = 32
    }
    private let tally = Mutex(Tally())

    init(port: UInt16, basic: Bool = false) {
      for number in 0..<32 {
        Thread.detachNewThread { [self] in run(number, port, basic) }
      }
    }

    private func run(_ number: Int, _ port: UInt16, _ basic: Bool) {
      var round = 0
      var wire: Wire?
      while !tally.withLock({ $0.isOver }) {
        round += 1
        let isPost = number % 2 == 0
        let body = "{\"number\":\"\(number)-\(round)\"}"
        let read = basic ? "/api/v2/contentConnectors" : "/api/v2/courses"
        let status: Int
        do {
          let connection = try wire ?? Wire(port: port)
          wire = connection
          status = try connection.call(
            isPost ? "POST" : "GET", isPost ? "/api/v2/registrations" : read,
            isPost ? ["Content-Type: application/json"] : [], body: isPost ? body : nil
          ).status
        } catch {
          status = -1
          wire = nil
        }
        tally.withLock { tally in
          tally.statuses[status, default: 0] += 1
          if isPost, status == 200 { tally.posted.insert(body) }
        }
      }
      tally.withLock { $0.running -= 1 }
    }

    var count: Int { tally.withLock { $0.statuses.values.reduce(0, +) } }

    /// Ends the callers.
    func end() -> (statuses: [Int: Int], posted: Set<String>) {
      tally.withLock { $0.isOver = true }
      _ = eventually(within: 20) { tally.withLock { $0.running == 0 } }
      return tally.withLock { ($0.statuses, $0.posted) }
    }
  }

  @Test(
    "A secret replaced and all tokens ended at the upstream, under load: the next secret takes over unseen",
    arguments: [false, true])
  func nextSecret(basic: Bool) throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    let next = try TemporaryFile("CANARY-SECRET")
    let rig = try Self.rig(cloud, yaml: Self.yaml("    nextSecret: {file: \(next.path)}"))
    let load = Load(port: rig.gateway.addresses[0].port, basic: basic)
    #expect(eventually { load.count > 200 })
    cloud.replaceSecret(of: "SANDBOX", with: "CANARY-SECRET")
    let before = load.count
    #expect(eventually { load.count > before + 400 })
    try judge(cloud, load)
    #expect(rig.told.all.filter { $0.contains("SECRET SWITCHED") }.count == 1)
    // The old secret was refused for the requests that used it, and one request tried the new one.
    #expect(cloud.tokenRequests.filter { !$0.isGranted }.count <= 3)
    let told = rig.told.all.joined() + rig.log
    #expect(!told.contains("CANARY"))
    // Every token of the app was granted again, once for each scope.
    let listing = rig.gateway.tokenListing
    #expect(listing.apps[0].secretGeneration == 2)
    #expect(listing.apps[0].switches == 1)
    #expect(
      listing.keys.filter { $0.scopes.contains("registration") && $0.isUsed }.allSatisfy {
        $0.secretGeneration == 2
      })
  }

  @Test(
    "A secret replaced and all tokens ended at the upstream, under load: callers wait for the new file",
    arguments: [false, true])
  func fileSwap(watched: Bool) throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    let file = try TemporaryFile("old\n")
    let yaml = """
      apps:
        - name: main
          id: SANDBOX
          secret: {file: \(file.path)}
      """
    let rig = try Self.rig(cloud, yaml: yaml)
    var watch = rig.watch()
    let load = Load(port: rig.gateway.addresses[0].port)
    #expect(eventually { load.count > 200 })
    cloud.replaceSecret(of: "SANDBOX", with: "new")
    #expect(eventually { cloud.tokenRequests.contains { !$0.isGranted } })
    try "new".write(toFile: file.path, atomically: true, encoding: .utf8)
    if watched {
      watch.look()
    } else {
      #expect(try rig.reload().changes == ["app main: secret replaced"])
    }
    let before = load.count
    #expect(eventually { load.count > before + 400 })
    try judge(cloud, load)
    // At most one request per scope used the old secret.
    #expect(cloud.tokenRequests.filter { !$0.isGranted }.count <= 3)
  }

  private func judge(_ cloud: RevocableCloud, _ load: Load) throws {
    let (statuses, posted) = load.end()
    #expect(Set(statuses.keys) == [200], "\(statuses)")
    let done = cloud.calls.filter { $0.method == "POST" && $0.status == 200 }.map(\.body)
    #expect(done.count == Set(done).count, "a POST was made twice")
    #expect(Set(done).isSuperset(of: posted))
  }

  private static let oneToken = yaml("", "tokens: {scopes: fixed, scopesList: [read]}")
  /// Operations that use the same token.
  private static let ofCourses = ["/api/v2/courses", "/api/v2/courses/a", "/api/v2/courses/a/tags"]

  @Test(
    "An operation that is always refused takes the token from no other, nor their way to a fresh one"
  )
  func oneRefusedAlways() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    cloud.forbid("/api/v2/courses/bad/zip")
    let rig = try Self.rig(cloud, yaml: Self.oneToken)
    let caller = try rig.caller()
    for round in 0..<20 {
      #expect(try caller.call("GET", "/api/v2/courses/bad/zip").status == 502)
      // As often as the upstream wants.
      if round % 4 == 2 { cloud.endTokens() }
      for target in Self.ofCourses { #expect(try caller.call("GET", target).status == 200) }
    }
    // The first one, one for the refused operation, and one each time that tokens were ended.
    #expect(cloud.tokenRequests.count <= 2 + 5)
  }

  @Test(
    "Tokens that the upstream ends before their time, again and again, are replaced unseen")
  func endedEarly() throws {
    let clock = Changes.clock()
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"], lifetime: 900, clock: clock)
    defer { cloud.stop() }
    cloud.endTokens(after: 0.7)
    let rig = try Self.rig(cloud, yaml: Self.oneToken, clock: clock)
    let caller = try rig.caller()
    var count = 0
    // Measured by refusals, not by time: eight tokens have ended during these calls.
    let isDone = eventually(within: 60) {
      count += 1
      clock.turn(by: 50_000_000)
      let answer = try? caller.call("GET", Self.ofCourses[count % 3])
      return answer?.status != 200 || cloud.calls.count { $0.status == 401 } >= 8
    }
    #expect(isDone)
    #expect(try caller.call("GET", Self.ofCourses[0]).status == 200)
    #expect(try rig.lines().allSatisfy { $0.int("http.response.status_code") == 200 })
  }

  @Test("An upstream that restarts soon after each recovery costs no caller a call")
  func restarts() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    let rig = try Self.rig(cloud, yaml: Self.oneToken)
    let caller = try rig.caller()
    for _ in 0..<5 {
      for target in Self.ofCourses { #expect(try caller.call("GET", target).status == 200) }
      cloud.endTokens()
    }
    for target in Self.ofCourses { #expect(try caller.call("GET", target).status == 200) }
    #expect(cloud.tokenRequests.count == 6)
  }

  @Test("While the token endpoint is down, a refused operation takes a good token from nobody")
  func refusedWhileDown() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    cloud.forbid("/api/v2/courses/bad/zip")
    let rig = try Self.rig(cloud, yaml: Self.oneToken)
    let caller = try rig.caller()
    #expect(try caller.call("GET", Self.ofCourses[0]).status == 200)
    cloud.failTokenRequests()
    for _ in 0..<5 {
      // The gateway cannot know whether a new token would help.
      let answer = try caller.call("GET", "/api/v2/courses/bad/zip")
      #expect(answer.status == 503 && answer.problem == "token-unavailable")
      for target in Self.ofCourses { #expect(try caller.call("GET", target).status == 200) }
    }
  }

  @Test(
    "A Basic call refused for another reason than the secret costs one look and is answered")
  func basicRefused() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old"])
    defer { cloud.stop() }
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    let upstream = try HostileUpstream([.request, .send(refusal), .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port, secret: "old",
      [
        "tokens.url": "http://127.0.0.1:\(cloud.port)/api/v2/oauth/token",
        "policy.sensitiveForwarded": "GetConnectorsList",
      ])
    #expect(eventually { cloud.tokenRequests.count == 1 })
    for _ in 0..<3 {
      let answer = try rig.call("GET", "/api/v2/contentConnectors")
      #expect(answer.status == 502 && answer.problem == "upstream-refused-credential")
    }
    #expect(cloud.tokenRequests.count == 2)
    #expect(upstream.heads.count == 3)
  }

  @Test("One app's hanging token endpoint delays no other app's token")
  func fairness() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "old", "SECOND": "old"])
    defer { cloud.stop() }
    cloud.hang("SANDBOX")
    let file = try TemporaryFile("old")
    let rig = try Self.rig(
      cloud,
      yaml: Self.yaml("  - name: second\n    id: SECOND\n    secret: {file: \(file.path)}"))
    let targets = [
      "courses", "registrations", "learners", "dispatch/dispatches", "dispatch/destinations",
      "invitations", "reporting/accountInfo", "ping", "xapi/pipes", "appManagement/configuration",
      "registrations/a/progress", "tags",
    ]
    var hanging: [Wire] = []
    for target in targets {
      for method in ["GET", "DELETE", "POST"] {
        let wire = try rig.caller()
        try wire.send(Wire.request(method, "/api/v2/" + target))
        hanging.append(wire)
      }
    }
    let start = ContinuousClock.now
    #expect(try rig.call("GET", "/apps/second/api/v2/courses").status == 200)
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test(
    "Without a secret that works, callers are refused within 50 ms, and are not told to come back")
  func refusedAtOnce() throws {
    let cloud = try RevocableCloud(secrets: ["SANDBOX": "another"])
    defer { cloud.stop() }
    let rig = try Self.rig(cloud)
    #expect(try rig.call("GET", "/api/v2/ping").status == 502)
    var times: [Duration] = []
    for _ in 0..<20 {
      let start = ContinuousClock.now
      let answer = try rig.call("GET", "/api/v2/ping")
      times.append(ContinuousClock.now - start)
      #expect(answer.status == 502 && answer["Retry-After"] == nil)
    }
    #expect(times.sorted()[10] < .milliseconds(50))
    #expect(cloud.tokenRequests.count == 1)
    #expect(rig.gateway.tokenListing.runway == 0)
  }
}
