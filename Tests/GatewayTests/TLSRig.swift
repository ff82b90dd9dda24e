import Foundation
import Gateway
import System

/// A gateway with one TLS listener, the authorities of both sides, and a folder with their files.
final class TLSRig {
  let servers: TestAuthority
  let clients: TestAuthority
  let rig: GatewayRig
  private let settings: Settings

  /// The settings besides the files.
  struct Settings {
    var client = "required"
    /// Entries of `callers`, each with its indentation.
    var callers = ""
    /// Whether there is a certificate revocation list.
    var revokes = false
    var more = ""
    /// Keys of `admin`.
    var admin = ""
  }

  init(
    _ settings: Settings = Settings(), clients: TestAuthority? = nil, revoked: [Int] = [],
    threads: Int = 1
  ) throws {
    self.settings = settings
    servers = try TestAuthority("servers")
    self.clients = try clients ?? TestAuthority("clients")
    try FileManager.default.createDirectory(
      atPath: servers.path("live"), withIntermediateDirectories: true)
    let live = servers.path("live")
    try TLSRig.put(servers.issue([.dns("localhost")]), in: live)
    try FileManager.default.copyItem(
      atPath: self.clients.certificate, toPath: live + "/clients.pem")
    if settings.revokes {
      try FileManager.default.copyItem(
        atPath: self.clients.revocations(revoked), toPath: live + "/clients.crl")
    }
    rig = try GatewayRig(yaml: TLSRig.yaml(settings, live), threads: threads)
  }

  static func yaml(_ settings: Settings, _ live: String) -> String {
    let asks = settings.client != "none"
    let crl = settings.revokes ? "clientCRL: {file: \(live)/clients.crl}," : ""
    let client =
      asks
      ? "clientCA: {file: \(live)/clients.pem}, \(crl) client: \(settings.client)," : ""
    return """
      listen:
        - tls: {certificate: {file: \(live)/tls.crt}, \(client) key: {file: \(live)/tls.key}\(settings.more)}
      admin:
        actions: true
      \(settings.admin.replacing("LIVE", with: live))
      \(settings.callers.isEmpty ? "" : "callers:\n" + settings.callers)
      """
  }

  /// Puts a certificate and its key in place of the gateway's.
  static func put(_ issued: TestAuthority.Issued, in live: String) throws {
    for (from, to) in [(issued.certificate, "tls.crt"), (issued.key, "tls.key")] {
      try? FileManager.default.removeItem(atPath: live + "/" + to)
      try FileManager.default.copyItem(atPath: from, toPath: live + "/" + to)
    }
  }

  var live: String { servers.path("live") }
  var port: UInt16 { rig.gateway.addresses[0].port }

  /// Replaces a file that the gateway has read.
  func replace(_ name: String, by path: String) throws {
    try FileManager.default.removeItem(atPath: live + "/" + name)
    try FileManager.default.copyItem(atPath: path, toPath: live + "/" + name)
  }

  func curl(
    _ path: String = "/api/v2/ping", as client: TestAuthority.Issued? = nil, _ more: [String] = []
  ) throws -> CurlCall {
    try CurlCall(
      "https://localhost:\(port)\(path)", trusting: servers.certificate, as: client, more)
  }

  func wire(as client: TestAuthority.Issued? = nil, _ more: [String] = []) throws -> TLSWire {
    try TLSWire(port: port, trusting: servers.certificate, as: client, more)
  }

  /// A caller that is identified by its certificate.
  static func caller(_ name: String, _ match: String) -> String {
    "  - {name: \(name), match: {\(match)}, apps: [main], allow: [\"*\"]}\n"
  }

  static let crm = caller("crm", "certificate: {uri: \"spiffe://corp/crm\"}")
}
