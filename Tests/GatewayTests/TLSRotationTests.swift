import Foundation
import Gateway
import System
import Testing

/// TLS files that change while the gateway runs.
@Suite("Certificates that change", .ownThread, .timeLimit(.minutes(10)))
struct TLSRotationTests {
  private static let uri = TestAuthority.Name.uri("spiffe://corp/crm")

  /// The serial number of the certificate that the gateway presents.
  private func metrics(_ rig: TLSRig) throws -> String {
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    return try Wire(port: port).call("GET", "/metrics").text
  }

  @Test("A new pair is in use after a look, and said so; connections stay")
  func pair() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let client = try rig.clients.issue([Self.uri])
    let wire = try rig.wire(as: client)
    #expect(try wire.call().status == 200)
    let before = try metrics(rig)
    let other = try TestAuthority("other servers")
    try TLSRig.put(other.issue([.dns("localhost")], days: 20), in: rig.live)
    rig.rig.gateway.lookAtCertificates()
    #expect(try rig.curl(as: client).status == 0, "it trusts the old authority only")
    let url = "https://localhost:\(rig.port)/api/v2/ping"
    #expect(try CurlCall(url, trusting: other.certificate, as: client).status == 200)
    #expect(try wire.call().status == 200)
    #expect(rig.rig.told.all.contains { $0.contains("its files have changed and are in use") })
    let name = "scorm_gateway_tls_not_after_seconds"
    let after = try metrics(rig)
    #expect(before.contains(name) && after.contains(name) && before != after)
  }

  @Test("A pair that does not fit stays out of use, is told once, and its second file mends it")
  func half() throws {
    let rig = try TLSRig(.init(client: "none"))
    let next = try rig.servers.issue([.dns("localhost")])
    try rig.replace("tls.crt", by: next.certificate)
    for _ in 1...4 {
      rig.rig.gateway.lookAtCertificates()
      #expect(try rig.curl().status == 200)
    }
    let told = rig.rig.told.all.filter { $0.contains("cannot be used") }
    #expect(told.count == 1)
    #expect(told.first?.contains("the key does not belong to the certificate") == true)
    #expect(
      try metrics(rig).contains("scorm_gateway_tls_reload_failed{listener=\"127.0.0.1:0\"} 1"))
    try rig.replace("tls.key", by: next.key)
    rig.rig.gateway.lookAtCertificates()
    #expect(try rig.curl().status == 200)
    #expect(
      try metrics(rig).contains("scorm_gateway_tls_reload_failed{listener=\"127.0.0.1:0\"} 0"))
  }

  @Test("A folder that is swapped by its link is seen, as Kubernetes swaps it")
  func link() throws {
    let rig = try TLSRig(.init(client: "none"))
    let files = FileManager.default
    let other = try TestAuthority("other servers")
    try files.moveItem(atPath: rig.live, toPath: rig.servers.path("first"))
    try files.createDirectory(
      atPath: rig.servers.path("second"), withIntermediateDirectories: false)
    try TLSRig.put(other.issue([.dns("localhost")]), in: rig.servers.path("second"))
    try files.createSymbolicLink(
      atPath: rig.live, withDestinationPath: rig.servers.path("first"))
    rig.rig.gateway.lookAtCertificates()
    #expect(try rig.curl().status == 200)
    try files.createSymbolicLink(
      atPath: rig.servers.path("next"), withDestinationPath: rig.servers.path("second"))
    _ = unsafe rename(rig.servers.path("next"), rig.live)
    rig.rig.gateway.lookAtCertificates()
    #expect(try rig.curl().status == 0)
    let url = "https://localhost:\(rig.port)/api/v2/ping"
    #expect(try CurlCall(url, trusting: other.certificate).status == 200)
  }

  @Test("Files that are away for a moment change nothing")
  func away() throws {
    let rig = try TLSRig(.init(client: "none"))
    try FileManager.default.moveItem(atPath: rig.live, toPath: rig.servers.path("away"))
    for _ in 1...3 { rig.rig.gateway.lookAtCertificates() }
    #expect(try rig.curl().status == 200)
    #expect(rig.rig.told.all.filter { $0.contains("not readable") }.count == 1)
  }

  @Test(
    "Kept connections are judged by new authorities: old and new pass while both are named, then the new alone"
  )
  func authority() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let next = try TestAuthority("next clients")
    let (old, new) = (try rig.clients.issue([Self.uri]), try next.issue([Self.uri]))
    let wire = try rig.wire(as: old)
    #expect(try wire.call().status == 200)
    #expect(try rig.curl(as: new).status == 0)
    let both =
      try String(contentsOfFile: rig.clients.certificate, encoding: .utf8)
      + String(contentsOfFile: next.certificate, encoding: .utf8)
    try both.write(toFile: rig.live + "/clients.pem", atomically: true, encoding: .utf8)
    rig.rig.gateway.lookAtCertificates()
    #expect(try wire.call().status == 200)
    let later = try rig.wire(as: new)
    #expect(try later.call().status == 200)
    try rig.replace("clients.pem", by: next.certificate)
    rig.rig.gateway.lookAtCertificates()
    #expect(try later.call().status == 200)
    let refused = try wire.call()
    #expect(refused.status == 403 && refused.problem == "caller-unknown")
    #expect(refused["Connection"] == "close")
    #expect(wire.hasEnded())
    #expect(try rig.curl(as: old).status == 0)
  }

  @Test("A certificate that is revoked ends its kept connection, and no other")
  func revocation() throws {
    let clients = try TestAuthority("clients")
    let (bad, good) = (try clients.issue([Self.uri]), try clients.issue([Self.uri]))
    let rig = try TLSRig(.init(callers: TLSRig.crm, revokes: true), clients: clients)
    let (first, second) = (try rig.wire(as: bad), try rig.wire(as: good))
    #expect(try first.call().status == 200 && second.call().status == 200)
    try rig.replace("clients.crl", by: clients.revocations([1]))
    rig.rig.gateway.lookAtCertificates()
    #expect(try first.call().status == 403)
    #expect(first.hasEnded())
    #expect(try second.call().status == 200)
    #expect(try rig.curl(as: bad).status == 0)
  }

  @Test("A ticket of before a change of authorities resumes nothing")
  func ticket() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let client = try rig.clients.issue([Self.uri])
    let session = rig.servers.path("session.pem")
    let out = ["-sess_out", session]
    let wire = try rig.wire(as: client, out)
    #expect(try wire.call().status == 200)
    #expect(eventually { FileManager.default.fileExists(atPath: session) })
    // With the ticket the caller is identified without presenting its certificate again.
    #expect(try rig.wire(["-sess_in", session]).call().status == 200)
    let both =
      try String(contentsOfFile: rig.clients.certificate, encoding: .utf8)
      + String(contentsOfFile: rig.servers.certificate, encoding: .utf8)
    try both.write(toFile: rig.live + "/clients.pem", atomically: true, encoding: .utf8)
    rig.rig.gateway.lookAtCertificates()
    #expect(try rig.wire(["-sess_in", session]).hasEnded())
  }

  @Test("Callers that change with a reload count for kept connections")
  func callers() throws {
    let rig = try TLSRig(.init(callers: TLSRig.crm))
    let wire = try rig.wire(as: rig.clients.issue([Self.uri]))
    #expect(try wire.call().status == 200)
    let other = TLSRig.caller("other", "certificate: {uri: \"spiffe://corp/other\"}")
    try rig.rig.reload(yaml: TLSRig.yaml(.init(callers: other), rig.live))
    #expect(try wire.call().problem == "caller-unknown")
    try rig.rig.reload(yaml: TLSRig.yaml(.init(callers: other + TLSRig.crm), rig.live))
    #expect(try wire.call().status == 200)
  }

  @Test(
    "A listener that begins to speak TLS with a reload ends plain connections, and the other way round"
  )
  func switched() throws {
    let rig = try TLSRig(.init(client: "none"))
    let wire = try rig.wire()
    #expect(try wire.call().status == 200)
    let changes = try rig.rig.reload(yaml: "listen: [{allowRemote: false}]").changes
    #expect(changes.contains { $0.contains("tls") }, "\(changes)")
    #expect(try wire.call()["Connection"] == "close")
    #expect(wire.hasEnded())
    let plain = try Wire(port: rig.port)
    #expect(try plain.call("GET", "/api/v2/ping").status == 200)
    try rig.rig.reload(yaml: TLSRig.yaml(.init(client: "none"), rig.live))
    let refused = try plain.call("GET", "/api/v2/ping")
    #expect(refused.status == 403 && refused["Connection"] == "close")
    #expect(try rig.curl().status == 200)
  }

  @Test("A reload whose files are no good is refused as a whole")
  func refused() throws {
    let rig = try TLSRig(.init(client: "none"))
    try "nothing".write(toFile: rig.live + "/tls.key", atomically: true, encoding: .utf8)
    let reloaded = try rig.rig.reload(["replicas": "2"])
    #expect(reloaded.problems.count == 1)
    #expect(reloaded.problems.first?.contains("listen[0].tls.key") == true)
    #expect(try rig.curl().status == 200)
  }
}

/// TLS at the admin address.
@Suite("Admin pages by TLS", .ownThread, .timeLimit(.minutes(5)))
struct AdminTLSTests {
  private func rig(_ client: String) throws -> TLSRig {
    let ca = client == "none" ? "" : "clientCA: {file: LIVE/clients.pem}, client: \(client),"
    return try TLSRig(
      .init(
        client: "none",
        admin: "  tls: {certificate: {file: LIVE/tls.crt}, \(ca) key: {file: LIVE/tls.key}}"))
  }

  private func get(
    _ rig: TLSRig, _ path: String, as client: TestAuthority.Issued? = nil
  ) throws -> CurlCall {
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    return try CurlCall(
      "https://localhost:\(port)\(path)", trusting: rig.servers.certificate, as: client)
  }

  @Test("Health and pages are served, and plain HTTP is told that the port speaks TLS")
  func pages() throws {
    let rig = try rig("none")
    #expect(try get(rig, "/healthz").status == 200)
    #expect(eventually { (try? get(rig, "/readyz").status) == 200 })
    #expect(try get(rig, "/api/tokens").status == 200)
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    let plain = try Wire(port: port).call("GET", "/healthz")
    #expect(plain.status == 400 && plain.text.contains("uses TLS"))
  }

  @Test("The gateway's own page may act, and its origin has the scheme that it came by")
  func ownPage() throws {
    let rig = try rig("none")
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    func renew(_ scheme: String) throws -> Int {
      try CurlCall(
        "https://localhost:\(port)/api/tokens/renew?all=true", trusting: rig.servers.certificate,
        [
          "-d", "", "-H", "Origin: \(scheme)://localhost:\(port)", "-H",
          "Sec-Fetch-Site: same-origin", "-H", "Content-Type: application/json",
        ]
      ).status
    }
    #expect(try renew("https") == 200)
    #expect(try renew("http") == 403)
  }

  @Test(
    "Commands ask by TLS, trust whom they are told to trust, and show the certificate they are given"
  )
  func commands() throws {
    let rig = try rig("required")
    let client = try rig.clients.issue([.dns("ops.internal")])
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    #expect(eventually { rig.rig.gateway.isReady })
    let ask = ["healthcheck", "--admin", "https://localhost:\(port)"]
    let trust = ["--admin-ca", rig.servers.certificate]
    let certificate = ["--admin-cert", client.certificate, "--admin-key", client.key]
    #expect(try Command.run(ask + trust + certificate).exitCode == 0)
    #expect(try Command.run(ask + certificate).exitCode == 1, "nobody vouches for the gateway")
    #expect(try Command.run(ask + trust).exitCode == 1)
    #expect(try Command.run(["healthcheck", "--admin", "localhost:\(port)"]).exitCode == 1)
  }

  @Test("With optional certificates health is for everybody, and all else for those who have one")
  func optional() throws {
    let rig = try rig("optional")
    let client = try rig.clients.issue([.dns("ops.internal")])
    #expect(try get(rig, "/healthz").status == 200)
    #expect(try get(rig, "/metrics").status == 403)
    #expect(try get(rig, "/metrics", as: client).status == 200)
    #expect(try get(rig, "/healthz", as: rig.clients.issue(days: -1)).status == 0)
  }

  @Test(
    "With required certificates nobody connects without, and other authorities count for kept connections"
  )
  func required() throws {
    let rig = try rig("required")
    let client = try rig.clients.issue([.dns("ops.internal")])
    #expect(try get(rig, "/healthz").status == 0)
    let port = try #require(rig.rig.gateway.adminAddress?.port)
    let wire = try TLSWire(port: port, trusting: rig.servers.certificate, as: client)
    #expect(try wire.call("/metrics").status == 200)
    let other = try TestAuthority("others")
    try rig.replace("clients.pem", by: other.certificate)
    rig.rig.gateway.lookAtCertificates()
    let refused = try wire.call("/metrics")
    #expect(refused.status == 403 && refused.text.contains("no longer accepted"))
    #expect(wire.hasEnded())
  }
}
