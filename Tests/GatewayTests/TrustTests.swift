import Foundation
import Testing

/// What the environment may define about TLS: the trusted authorities, for both libraries, and nothing about keys.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(5)))
struct TrustTests {
  /// A gateway in front of a server that speaks TLS but not HTTP: a request that was sent fails in a different way than
  /// one that was never sent.
  private func gateway(
    before server: TLSServer, _ variables: [String: String]
  ) throws -> (command: Command, port: UInt16) {
    var environment = ServeTests.environment(
      sandbox: "https://localhost:\(server.port)/api/v2")
    environment["SCORM_SECRET_KEY"] = "CANARY"
    environment["SCORM_GATEWAY_POLICY_SENSITIVE_FORWARDED"] = "GetConnectorsList"
    let command = try Command(["serve"], environment.merging(variables) { $1 })
    return (command, try #require(command.port(after: "serving callers on")))
  }

  /// The problems of a call that needs a token, and of one that uses Basic and is therefore sent upstream.
  private func problems(_ port: UInt16) throws -> [String?] {
    [
      try Wire(port: port).call("GET", "/api/v2/ping").problem,
      try Wire(port: port).call("GET", "/api/v2/contentConnectors").problem,
    ]
  }

  @Test(
    "SSL_CERT_FILE counts for tokens as it does for calls; without it neither trusts a stranger")
  func certificateFile() throws {
    let server = try TLSServer(name: "DNS:localhost", days: 2)
    let trusting = try gateway(before: server, ["SSL_CERT_FILE": server.certificate])
    #expect(try problems(trusting.port) == ["token-unavailable", "response-malformed"])
    #expect(eventually { trusting.command.errors.contains("gave no usable token") })
    #expect(!trusting.command.errors.contains("no trusted TLS connection"))
    trusting.command.signal(SIGTERM)
    let strict = try gateway(before: server, [:])
    #expect(try problems(strict.port) == ["token-unavailable", "certificate-refused"])
    #expect(eventually { strict.command.errors.contains("no trusted TLS connection") })
    strict.command.signal(SIGTERM)
  }

  @Test("SSL_CERT_DIR counts for both too, and upstream.caFile beats the environment")
  func certificateFolder() throws {
    let server = try TLSServer(name: "DNS:localhost", days: 2)
    let folder = NSTemporaryDirectory() + "trust-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let hash = Process()
    hash.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    hash.arguments = ["openssl", "x509", "-hash", "-noout", "-in", server.certificate]
    let output = Pipe()
    hash.standardOutput = output
    try hash.run()
    let name = String(decoding: output.receiveAll(), as: UTF8.self)
      .filter { $0 != "\n" }
    try FileManager.default.copyItem(
      atPath: server.certificate, toPath: folder + "/\(name).0")
    let trusting = try gateway(before: server, ["SSL_CERT_DIR": folder])
    #expect(try problems(trusting.port) == ["token-unavailable", "response-malformed"])
    #expect(eventually { trusting.command.errors.contains("gave no usable token") })
    trusting.command.signal(SIGTERM)
    let other = try TLSServer(name: "DNS:localhost", days: 2)
    let strict = try gateway(
      before: server,
      [
        "SSL_CERT_DIR": folder, "SSL_CERT_FILE": server.certificate,
        "SCORM_GATEWAY_UPSTREAM_CA_FILE": other.certificate,
      ])
    #expect(try problems(strict.port) == ["token-unavailable", "certificate-refused"])
    #expect(eventually { strict.command.errors.contains("no trusted TLS connection") })
    strict.command.signal(SIGTERM)
  }

  @Test("An SSL_CERT_FILE without certificates is told, and stops nothing")
  func emptyFile() throws {
    let server = try TLSServer(name: "DNS:localhost", days: 2)
    let started = try gateway(before: server, ["SSL_CERT_FILE": "/no-cert-file.crt"])
    #expect(started.command.errors.contains(" warning SSL_CERT_FILE names /no-cert-file.crt"))
    started.command.signal(SIGTERM)
  }

  @Test("SSLKEYLOGFILE has no effect: no command writes a connection's keys")
  func keyLog() throws {
    let log = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
    let server = try TLSServer(name: "DNS:localhost", days: 2)
    let (command, port) = try gateway(
      before: server, ["SSL_CERT_FILE": server.certificate, "SSLKEYLOGFILE": log])
    #expect(try problems(port) == ["token-unavailable", "response-malformed"])
    #expect(eventually { command.errors.contains("gave no usable token") })
    _ = try Command.run(["healthcheck"], ["SSLKEYLOGFILE": log])
    #expect(!FileManager.default.fileExists(atPath: log))
    command.signal(SIGTERM)
  }
}
