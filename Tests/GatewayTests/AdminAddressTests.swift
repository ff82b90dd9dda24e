import Configuration
import Gateway
import System
import Testing

@testable import scorm_gateway

/// How commands contact a running gateway.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct AdminAddressTests {
  @Test("A port where nobody listens is told at once, with what to do")
  func closedPort() throws {
    let closed = try DeafPort()
    let admin = "127.0.0.1:\(closed.number)"
    let (code, output, errors) = try Command.run(["traffic", "--admin", admin])
    #expect(code == 1 && output.isEmpty)
    #expect(errors.contains(admin) && errors.contains("--admin"))
    #expect(errors.contains("scorm-gateway serve"))
  }

  @Test("An address that takes the question and never answers is given up when the time is over")
  func silentPort() throws {
    let gate = Gate()
    defer { gate.open() }
    let silent = try PeerServer { wire in
      _ = try wire.take(through: "\r\n\r\n")
      gate.wait()
    }
    let start = ContinuousClock.now
    let refusal = #expect(throws: AdminAddress.NoAnswer.self) {
      try AdminAddress.ask("GET", "127.0.0.1:\(silent.port)", "/api/traffic", timeout: 200)
    }
    let taken = ContinuousClock.now - start
    #expect(taken >= .milliseconds(200) && taken < .seconds(5))
    let text = try #require(refusal?.description)
    #expect(text.contains("127.0.0.1:\(silent.port)") && text.contains("--admin"))
    #expect(text.contains("Timeout"))
  }

  @Test(
    "A refusal's detail is what the commands say, escapes resolved; another body is shown whole")
  func problems() {
    #expect(
      AdminAddress.problem(404, #"{"detail":"no \"x\" \\ here\u00e9","message":"y"}"#)
        == "no \"x\" \\ here\u{E9}")
    #expect(
      AdminAddress.problem(502, "<html>") == "the admin address answered 502: <html>")
  }

  @Test(
    "Commands ask at the flag's address, else the environment's, else the usual one",
    arguments: [
      (nil, nil, "127.0.0.1:9901"), (nil, "127.0.0.1:7", "127.0.0.1:7"),
      ("127.0.0.1:8", "127.0.0.1:7", "127.0.0.1:8"), (nil, "0.0.0.0:9901", "127.0.0.1:9901"),
      ("0.0.0.0:9901", nil, "127.0.0.1:9901"), ("[::]:9901", nil, "[::1]:9901"),
      ("http://0.0.0.0:9901/", nil, "127.0.0.1:9901"), ("unix:/run/a", nil, "unix:/run/a"),
      ("gateway_admin:9901", nil, "gateway_admin:9901"),
      ("https://0.0.0.0:9901/", nil, "https://127.0.0.1:9901"),
      ("https://gateway.internal:9901", nil, "https://gateway.internal:9901"),
    ] as [(String?, String?, String)])
  func chosen(flag: String?, variable: String?, expected: String) {
    let environment = Environment(variable.map { ["SCORM_GATEWAY_ADMIN_ADDRESS": $0] } ?? [:])
    #expect(AdminAddress.chosen(flag, environment) == expected)
  }

  @Test("A command follows the environment of the gateway it stands beside")
  func followsEnvironment() throws {
    let rig = try GatewayRig(["admin.address": "0.0.0.0:0", "admin.allowRemote": "true"])
    let port = try #require(rig.gateway.adminAddress).port
    #expect(eventually { (try? Wire(port: port).call("GET", "/readyz").status) == 200 })
    let (code, output, _) = try Command.run(
      ["healthcheck"], ["SCORM_GATEWAY_ADMIN_ADDRESS": "0.0.0.0:\(port)"])
    #expect(code == 0 && output == "ready\n")
  }
}
