import Foundation
import Gateway
import System
import Testing

/// Certificates of every kind that curl presents to a listener that asks for them.
@Suite("Callers that show certificates", .ownThread, .timeLimit(.minutes(10)))
struct TLSListenerTests {
  /// What a caller presents.
  enum Shown: String, CaseIterable {
    case good, goodByDNS, goodByIntermediate, goodInternationalised, nothing, expired,
      otherAuthority
    case selfSigned, noNames, twoSPIFFEIDs, commonNameOnly, wildcard, zeroByte, unknownName, revoked
  }

  enum Outcome: Equatable {
    case passes
    /// 403: the certificate is valid, but belongs to no caller.
    case unknown
    case noConnection
  }

  static let callers =
    TLSRig.crm + TLSRig.caller("web", "certificate: {dns: crm.internal}")
    + TLSRig.caller("books", "certificate: {dns: xn--bcher-kva.example}")

  private static func outcome(_ shown: Shown, isRequired: Bool) -> Outcome {
    switch shown {
    case .good, .goodByDNS, .goodByIntermediate, .goodInternationalised: .passes
    case .nothing: isRequired ? .noConnection : .unknown
    case .expired, .otherAuthority, .selfSigned, .revoked: .noConnection
    case .noNames, .twoSPIFFEIDs, .commonNameOnly, .wildcard, .zeroByte, .unknownName: .unknown
    }
  }

  private static let uri = TestAuthority.Name.uri("spiffe://corp/crm")

  /// The first certificate issued is the one that is revoked.
  private static func certificate(
    _ shown: Shown, by clients: TestAuthority, _ other: TestAuthority
  ) throws -> TestAuthority.Issued? {
    switch shown {
    case .good, .revoked: try clients.issue([uri])
    case .goodByDNS: try clients.issue([.dns("other.internal"), .dns("CRM.internal")])
    case .goodByIntermediate:
      try clients.issue([uri], signer: clients.issue(commonName: "between", isAuthority: true))
    case .goodInternationalised: try clients.issue([.dns("xn--bcher-kva.example")])
    case .nothing: nil
    case .expired: try clients.issue([uri], days: -1)
    case .otherAuthority: try other.issue([uri])
    case .selfSigned: other.authority
    case .noNames: try clients.issue()
    case .twoSPIFFEIDs: try clients.issue([uri, .uri("spiffe://corp/billing")])
    case .commonNameOnly: try clients.issue(commonName: "crm.internal")
    case .wildcard: try clients.issue([.dns("*.internal")])
    case .zeroByte: try clients.issue([.dns("crm.internal\0.evil.example")])
    case .unknownName: try clients.issue([.uri("spiffe://corp/stranger")])
    }
  }

  @Test(
    "Required or optional, what is shown decides: a good name passes, a good certificate of nobody gets 403, a bad one no connection",
    arguments: Shown.allCases, [true, false])
  func matrix(_ shown: Shown, isRequired: Bool) throws {
    let clients = try TestAuthority("clients")
    // An authority of the same name, which differs in its key.
    let other = try TestAuthority("clients")
    defer { withExtendedLifetime(other) {} }
    let certificate = try Self.certificate(shown, by: clients, other)
    let rig = try TLSRig(
      .init(
        client: isRequired ? "required" : "optional", callers: Self.callers,
        // The intermediate authority would need a revocation list too, which this set-up does not have.
        revokes: shown != .goodByIntermediate),
      clients: clients, revoked: shown == .revoked ? [1] : [])
    for version in ["--tls-max", "--tlsv1.3"] {
      let call = try rig.curl(
        as: certificate, version == "--tls-max" ? ["--tls-max", "1.2"] : [version])
      switch Self.outcome(shown, isRequired: isRequired) {
      case .passes: #expect(call.status == 200, "\(call)")
      case .unknown: #expect(call.status == 403 && call.problem == "caller-unknown", "\(call)")
      case .noConnection: #expect(call.status == 0 && call.code != 58, "\(call)")
      }
    }
  }

  @Test("The line of a call has what its caller has shown, and the caller it was found to be")
  func line() throws {
    let rig = try TLSRig(.init(callers: TLSListenerTests.callers))
    let certificate = try rig.clients.issue([.dns("other.internal"), Self.uri])
    #expect(try rig.curl(as: certificate).status == 200)
    #expect(try rig.curl(as: rig.clients.issue([.uri("spiffe://corp/x\"y")])).status == 403)
    let lines = try rig.rig.lines()
    let first = try #require(lines.first)
    #expect(first.string("caller") == "crm")
    #expect(first.string("tls.protocol.version") == "1.3")
    #expect(first.string("tls.client.san") == "URI:spiffe://corp/crm")
    #expect(first.string("tls.client.serial") == "01")
    #expect(first.string("tls.client.issuer") == "CN=clients")
    #expect(lines[1]["caller"] == nil)
    #expect(lines[1].string("tls.client.san") == "URI:spiffe://corp/x\"y")
  }

  @Test("Without a certificate, where it may be left out, a caller is known by its address")
  func fallback() throws {
    let rig = try TLSRig(
      .init(client: "optional", callers: TLSRig.crm + TLSRig.caller("near", "address: 127.0.0.1")))
    #expect(try rig.curl().status == 200)
    #expect(try rig.curl(as: rig.clients.issue([Self.uri])).status == 200)
    let twice = try rig.clients.issue([Self.uri, .uri("spiffe://corp/b")])
    #expect(try rig.curl(as: twice).problem == "caller-unknown", "nobody's, whatever its address")
    #expect(try rig.curl(as: rig.clients.issue([Self.uri], days: -1)).status == 0)
    let lines = try rig.rig.lines()
    #expect(lines.map { $0.string("caller") } == ["near", "crm", ""])
    #expect(lines[0]["tls.client.san"] == nil && lines[0].string("tls.protocol.version") == "1.3")
  }

  @Test("Plain HTTP at a TLS port is answered as such; TLS at a plain port is not HTTP")
  func plain() throws {
    let rig = try TLSRig(.init(client: "none"))
    let wire = try Wire(port: rig.port)
    let answer = try wire.call("GET", "/api/v2/ping")
    #expect(answer.status == 400 && answer.problem == "malformed-request")
    #expect(answer.detail.contains("This port uses TLS"))
    #expect(answer["Connection"] == "close")
    #expect(wire.takeAll().end == .closed)
    let line = try #require(rig.rig.lines().first)
    #expect(
      line.string("termination") == "caller/request" && line.int("http.response.status_code") == 400
    )
    let plain = try GatewayRig()
    let tls = try CurlCall(
      "https://localhost:\(plain.gateway.addresses[0].port)/", trusting: rig.servers.certificate)
    #expect(tls.status == 0 && tls.code == 35)
  }

  @Test(
    "HTTP/1.1 is the only protocol: a client that wants another is refused, one that names none is served"
  )
  func protocols() throws {
    let rig = try TLSRig(.init(client: "none"))
    #expect(try rig.curl("/api/v2/ping", ["--http2"]).status == 200, "it offers both")
    #expect(try rig.curl("/api/v2/ping", ["--no-alpn"]).status == 200)
    #expect(try rig.wire(["-alpn", "h2"]).hasEnded())
    let wire = try rig.wire(["-alpn", "http/1.1"])
    #expect(try wire.call().status == 200)
  }

  @Test("TLS 1.1 is not spoken, and 1.2 only where it may be")
  func versions() throws {
    let both = try TLSRig(.init(client: "none"))
    #expect(try both.curl("/api/v2/ping", ["--tls-max", "1.2"]).status == 200)
    #expect(
      try both.curl(
        "/api/v2/ping", ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "ALL@SECLEVEL=0"]
      ).status
        == 0)
    let new = try TLSRig(.init(client: "none", more: ", minVersion: 1.3"))
    #expect(try new.curl("/api/v2/ping", ["--tls-max", "1.2"]).status == 0)
    #expect(try new.curl("/api/v2/ping", ["--tlsv1.3"]).status == 200)
  }

  @Test("A kept connection carries one call after the other, and ends properly")
  func kept() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let wire = try rig.wire(as: rig.clients.issue([Self.uri]))
    for _ in 1...3 { #expect(try wire.call().status == 200) }
    rig.rig.gateway.beginDraining()
    #expect(wire.hasEnded())
  }

  @Test("A handshake that is not done in ten seconds is ended, wherever it stands")
  func slow() throws {
    let rig = try TLSRig(.init(client: "none"))
    let (silent, slow) = (try Wire(port: rig.port), try Wire(port: rig.port))
    try slow.send([0x16, 0x03, 0x01])
    // Both connections were accepted before this one.
    #expect(try rig.curl().status == 200)
    rig.rig.clock.turn(by: 3_000_000_000)
    #expect(try rig.curl().status == 200)
    #expect(!silent.hasInput(within: 0) && !slow.hasInput(within: 0))
    rig.rig.clock.turn(by: 8_000_000_000)
    #expect(silent.takeAll().end == .closed && slow.takeAll().end == .closed)
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    let metrics = try Wire(port: port).call("GET", "/metrics").text
    #expect(metrics.contains("scorm_gateway_tls_handshakes_failed_total{reason=\"timeout\"} 2"))
  }

  @Test("A certificate that ends while its connection is kept passes no further call")
  func endsMeanwhile() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let wire = try rig.wire(as: rig.clients.issue([Self.uri], until: Date() + 3))
    #expect(try wire.call().status == 200)
    var last: Answer?
    let isRefused = try eventually {
      let answer = try wire.call()
      last = answer
      return answer.status != 200
    }
    #expect(isRefused)
    #expect(last?.status == 403 && last?["Connection"] == "close")
    #expect(wire.hasEnded())
  }

  @Test("Handshakes that fail are counted by why, and told once")
  func counted() throws {
    let rig = try TLSRig()
    _ = try rig.curl()
    _ = try rig.curl(as: rig.clients.issue([Self.uri], days: -1))
    let other = try TestAuthority("clients")
    _ = try rig.curl(as: other.issue([Self.uri]))
    _ = try Wire(port: rig.port).call("GET", "/")
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    let metrics = try Wire(port: port).call("GET", "/metrics").text
    #expect(metrics.contains("scorm_gateway_tls_handshakes_failed_total{reason=\"certificate\"} 3"))
    #expect(metrics.contains("scorm_gateway_tls_handshakes_failed_total{reason=\"plain\"} 1"))
    #expect(rig.rig.told.all.filter { $0.contains("cannot make a TLS connection") }.count == 1)
  }
}
