import Foundation
import Gateway
import Glibc
import Testing

/// The built program hands over to itself under load.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct HandOverProcessTests {
  /// The processes that have taken over, in order.
  private static func successors(_ command: Command) -> [pid_t] {
    command.errors.matches(of: /process (\d+) has taken over/).compactMap { pid_t($0.output.1) }
  }

  @Test(
    "20 times under load, over kept and new connections, TCP and Unix: no call fails, each is on record once"
  )
  func underLoad() throws {
    let rig = try GatewayRig()
    let folder = NSTemporaryDirectory() + "h\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/s"
    let file = folder + "/gateway.yaml"
    try """
    listen: [{address: 127.0.0.1:0}, {address: "unix:\(path)"}]
    admin: {address: 127.0.0.1:0}
    upstream: {url: "\(rig.sandbox.apiURL)"}
    apps: [{name: main, id: SANDBOX, secret: {env: APP_SECRET}}]
    limits: [{name: all, per: gateway, rate: 1000000/1s, concurrency: 10000}]
    traffic:
      log: {path: \(folder)/log}
      journal: {path: \(folder)/journal.sqlite}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let command = try Command(
      ["serve", "-c", file, "--threads", "2"], ["APP_SECRET": "sandbox-secret"])
    let port = try #require(command.port(after: "serving callers on 127"))
    let admin = try #require(command.port(after: "admin pages on"))
    #expect(eventually { (try? Wire(port: admin).call("GET", "/readyz").status) == 200 })
    #expect(
      try Wire(port: admin).call("POST", "/api/mode?mode=read-only").status == 200)
    let kept = KeptWires()
    let tcp = Load(callers: 24) { try kept.call { try Wire(port: port) } }
    let unix = Load(callers: 24) { try kept.call { try Wire(unixPath: path) } }
    let new = Load(callers: 8) { try Wire(port: port).call("GET", "/api/v2/ping").status }
    let newUnix = Load(callers: 8) { try Wire(unixPath: path).call("GET", "/api/v2/ping").status }
    let loads = [tcp, unix, new, newUnix]
    var current = command.process.processIdentifier
    defer { kill(current, SIGKILL) }
    for round in 1...20 {
      let before = loads.map(\.served)
      kill(current, SIGUSR2)
      #expect(
        eventually(within: 30) { HandOverProcessTests.successors(command).count == round },
        "\(command.errors.suffix(500))")
      current = HandOverProcessTests.successors(command).last ?? current
      #expect(eventually { zip(loads, before).allSatisfy { $0.served > $1 } }, "round \(round)")
    }
    for load in loads { load.end() }
    for load in loads { #expect(load.failures.isEmpty, "\(load.failures.prefix(3))") }
    #expect(kept.ended == 0, "no kept connection was ended")
    let calls = loads.reduce(0) { $0 + $1.served }
    // The mode is in force, although it was set twenty processes ago. The token was fetched only once.
    #expect(try Wire(port: port).call("POST", "/api/v2/registrations", body: "{}").status == 403)
    let tokens = try Wire(port: admin).call("GET", "/api/tokens").text
    #expect(tokens.contains("\"fetches\":{}"), "\(tokens)")
    #expect(
      eventually {
        (try? Wire(port: admin).call("GET", "/api/limits").text.contains("\"inUse\":0")) == true
      })
    kill(current, SIGTERM)
    #expect(eventually { kill(current, 0) != 0 || HandOverProcessTests.hasEnded(current) })
    #expect(command.exitCode == 0, "the first process has ended as it should")
    let lines = try String(contentsOfFile: folder + "/log", encoding: .utf8).split(separator: "\n")
    #expect(lines.count { $0.contains("/api/v2/ping") } == calls)
    let stats = try Command.run(
      ["traffic", "stats", "--journal", folder + "/journal.sqlite", "--format", "json"])
    // Actions at the admin address are recorded too, but are not calls.
    let acts = lines.count { $0.contains("\"termination\":\"admin\"") }
    #expect(
      stats.output.contains("\"all\":{\"calls\":\(lines.count - acts),")
        || stats.output.contains("\"all\":{\"calls\":\(lines.count),"),
      "\(lines.count) lines: \(stats.output.prefix(200))")
    #expect(!FileManager.default.fileExists(atPath: path), "the last one removes the socket's file")
  }

  /// A process that is not waited for remains as a zombie.
  private static func hasEnded(_ pid: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
      return true
    }
    return text.split(separator: ")").last?.dropFirst().first == "Z"
  }

  @Test("A demo has no successor, and a process that is ending neither")
  func refused() throws {
    let rig = try GatewayRig()
    let command = try Command(
      ["serve"],
      [
        "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": "sandbox-secret",
        "SCORM_GATEWAY_LISTEN_ADDRESS": "127.0.0.1:0", "SCORM_GATEWAY_ADMIN_ADDRESS": "null",
        "SCORM_GATEWAY_UPSTREAM_URL": rig.sandbox.apiURL, "SCORM_GATEWAY_DRAIN_DELAY": "1h",
      ])
    _ = try #require(command.port(after: "serving callers on"))
    command.signal(SIGTERM)
    #expect(eventually { command.errors.contains("(drainDelay)") })
    command.signal(SIGUSR2)
    #expect(eventually { command.errors.contains("NOT HANDED OVER: the gateway is ending") })
    command.signal(SIGTERM)
    #expect(command.exitCode == 0)
  }

  @Test(
    "Kept TLS connections stay with the old process: it answers the next call of each, ends it, and goes"
  )
  func overTLS() throws {
    let rig = try GatewayRig()
    let authority = try TestAuthority()
    let server = try authority.issue([.dns("localhost")])
    let client = try authority.issue([.uri("spiffe://corp/crm")])
    let file = authority.path("gateway.yaml")
    try """
    listen:
      - address: 127.0.0.1:0
        tls: {certificate: {file: \(server.certificate)}, key: {file: \(server.key)}, clientCA: {file: \(authority.certificate)}, client: required}
    admin: {address: 127.0.0.1:0}
    upstream: {url: "\(rig.sandbox.apiURL)"}
    apps: [{name: main, id: SANDBOX, secret: {env: APP_SECRET}}]
    callers: [{name: crm, match: {certificate: {uri: "spiffe://corp/crm"}}, apps: [main], allow: ["*"]}]
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let command = try Command(
      ["serve", "-c", file, "--threads", "2"], ["APP_SECRET": "sandbox-secret"])
    let port = try #require(command.port(after: "serving callers on 127"))
    let kept = try (1...4).map { _ in
      try TLSWire(port: port, trusting: authority.certificate, as: client)
    }
    for wire in kept {
      let answer = try wire.call()
      #expect(answer.status == 200 && answer["Connection"] == nil)
    }
    let old = command.process.processIdentifier
    kill(old, SIGUSR2)
    #expect(eventually(within: 30) { HandOverProcessTests.successors(command).count == 1 })
    let current = try #require(HandOverProcessTests.successors(command).first)
    defer { kill(current, SIGKILL) }
    for wire in kept {
      let answer = try wire.call()
      #expect(answer.status == 200 && answer["Connection"] == "close")
      #expect(wire.hasEnded())
    }
    #expect(eventually(within: 20) { !command.process.isRunning }, "nothing keeps the old process")
    let next = try TLSWire(port: port, trusting: authority.certificate, as: client)
    #expect(try next.call().status == 200 && next.call()["Connection"] == nil)
  }

}

/// Connections that callers keep, one per thread.
private final class KeptWires: @unchecked Sendable {
  // @unchecked: everything is read and written under the lock, and a wire is used only by its thread.
  private let lock = NSLock()
  private var wires: [ObjectIdentifier: Wire] = [:]
  private(set) var ended = 0

  func call(_ connect: () throws -> Wire) throws -> Int {
    let key = ObjectIdentifier(Thread.current)
    let known = lock.withLock { wires[key] }
    let wire = try known ?? connect()
    lock.withLock { wires[key] = wire }
    let answer = try wire.call("GET", "/api/v2/ping")
    if answer["Connection"] == "close" { lock.withLock { ended += 1 } }
    return answer.status
  }
}
