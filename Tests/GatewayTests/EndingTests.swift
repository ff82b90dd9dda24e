import Foundation
import Gateway
import Glibc
import System
import Testing

/// The shutdown of the built program: load balancers notice first, and callers lose nothing.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct EndingTests {
  /// Runs `serve` between a sandbox and callers.
  private static func serve(
    _ rig: GatewayRig, listen: String = "127.0.0.1:0", admin: String = "127.0.0.1:0",
    drainDelay: String
  ) throws -> Command {
    try Command(
      ["serve", "--threads", "2"],
      [
        "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": "sandbox-secret",
        "SCORM_GATEWAY_LISTEN_ADDRESS": listen, "SCORM_GATEWAY_ADMIN_ADDRESS": admin,
        "SCORM_GATEWAY_UPSTREAM_URL": rig.sandbox.apiURL,
        "SCORM_GATEWAY_DRAIN_DELAY": drainDelay,
      ])
  }

  @Test("After SIGTERM, callers are served as before for drainDelay, while readiness says no")
  func delay() throws {
    let rig = try GatewayRig()
    let command = try EndingTests.serve(rig, drainDelay: "1h")
    let port = try #require(command.port(after: "serving callers on"))
    let admin = try #require(command.port(after: "admin pages on"))
    #expect(eventually { (try? Wire(port: admin).call("GET", "/readyz").status) == 200 })
    let kept = try Wire(port: port)
    #expect(try kept.call("GET", "/api/v2/ping").status == 200)
    command.signal(SIGTERM)
    #expect(eventually { (try? Wire(port: admin).call("GET", "/readyz").status) == 503 })
    let answer = try kept.call("GET", "/api/v2/ping")
    #expect(answer.status == 200 && answer["Connection"] != "close", "keep-alive goes on")
    #expect(try Wire(port: port).call("GET", "/api/v2/ping").status == 200)
    command.signal(SIGHUP)
    #expect(eventually { command.errors.contains("NOT RELOADED: the gateway is ending") })
    #expect(command.process.isRunning)
    command.signal(SIGTERM)
    #expect(command.exitCode == 0, "the second signal waits for nothing")
  }

  @Test("A delay that is over leads to draining by itself")
  func delayEnds() throws {
    let rig = try GatewayRig()
    let command = try EndingTests.serve(rig, drainDelay: "1ms")
    let admin = try #require(command.port(after: "admin pages on"))
    #expect(eventually { (try? Wire(port: admin).call("GET", "/healthz").status) == 200 })
    command.signal(SIGTERM)
    #expect(command.exitCode == 0)
    #expect(
      command.errors.contains("(drainDelay)")
        && command.errors.contains("finishing calls in progress"))
  }

  @Test("A gateway that drains has given its admin address up: the next one has it at once")
  func adminIsFree() throws {
    let upstream = try HostileUpstream([.request, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let admin = try #require(rig.gateway.adminAddress)
    // A call that does not end keeps the old process alive.
    let caller = try rig.caller()
    try caller.send("GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(eventually { upstream.heads.count == 1 })
    rig.gateway.beginDraining()
    var successor: GatewayRig?
    #expect(
      eventually {
        successor = try? GatewayRig(["admin.address": "127.0.0.1:\(admin.port)"])
        return successor != nil
      })
    #expect(!rig.gateway.hasEnded)
    #expect(try Wire(port: admin.port).call("GET", "/healthz").status == 200)
  }

  @Test("Gateways that follow each other on a Unix socket within drainDelay lose no call")
  func overlappingStarts() throws {
    let rig = try GatewayRig()
    let path = NSTemporaryDirectory() + "e\(UUID().uuidString.prefix(8))"
    let listen = "unix:\(path)"
    var current = try EndingTests.serve(rig, listen: listen, admin: "null", drainDelay: "2s")
    #expect(eventually { (try? Wire(unixPath: path).call("GET", "/api/v2/ping").status) == 200 })
    let load = Load(callers: 4) { try Wire(unixPath: path).call("GET", "/api/v2/ping").status }
    var ending: [Command] = []
    for round in 1...20 {
      current.signal(SIGTERM)
      #expect(eventually { current.errors.contains("(drainDelay)") })
      let next = try EndingTests.serve(rig, listen: listen, admin: "null", drainDelay: "2s")
      #expect(eventually { next.errors.contains("serving callers on") }, "\(next.errors)")
      // Each process serves some calls.
      let before = load.served
      #expect(eventually { load.served > before + 20 }, "round \(round)")
      ending.append(current)
      current = next
    }
    load.end()
    for command in ending { #expect(command.exitCode == 0) }
    #expect(load.failures.isEmpty, "\(load.failures.prefix(3))")
    #expect(FileManager.default.fileExists(atPath: path), "the last one's name is still there")
    current.signal(SIGTERM)
    #expect(current.exitCode == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
