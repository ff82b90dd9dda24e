import Testing

@testable import scorm_gateway

/// How the commands ask a running gateway.
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
}
