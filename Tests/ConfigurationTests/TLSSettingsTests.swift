import Foundation
import Testing

@testable import Configuration

@Suite("TLS in the configuration")
struct TLSSettingsTests {
  private static let pair = "certificate: {file: tls.crt}, key: {file: /run/tls.key}"

  private static func listen(_ tls: String) -> String { "listen: [{tls: {\(tls)}}]\n" }

  /// Callers identified by certificate, at a listener that asks for certificates.
  private static func callers(_ matches: String...) -> String {
    let entries = matches.enumerated().map {
      "  - {name: c\($0), match: {\($1)}, apps: [main], allow: [\"*\"]}\n"
    }
    return listen("\(pair), clientCA: {file: ca.pem}, client: required")
      + "callers:\n" + entries.joined()
  }

  @Test("Files are named by path or credential, and the rest has defaults")
  func loads() throws {
    let rig = try LoadingRig()
    rig.variables["CREDENTIALS_DIRECTORY"] = "/run/credentials/gateway"
    let yaml = """
      listen:
        - tls: {\(Self.pair)}
        - address: 127.0.0.1:8443
          tls:
            certificate: {credential: tls.crt}
            key: {credential: tls.key}
            clientCA: {file: ca.pem}
            clientCRL: {file: crl.pem}
            client: optional
            minVersion: 1.3
      admin: {tls: {\(Self.pair)}}

      """
    let settings = try rig.load(yaml + LoadingRig.app).settings
    let plain = TLSSettings(
      certificate: rig.folder.path + "/tls.crt", key: "/run/tls.key", clientCA: nil,
      clientCRL: nil, client: .none, minVersion: .tls12)
    #expect(settings.listeners[0].tls == plain && settings.admin?.tls == plain)
    #expect(
      settings.listeners[1].tls
        == TLSSettings(
          certificate: "/run/credentials/gateway/tls.crt", key: "/run/credentials/gateway/tls.key",
          clientCA: rig.folder.path + "/ca.pem", clientCRL: rig.folder.path + "/crl.pem",
          client: .optional, minVersion: .tls13))
  }

  static let mistakes: [(String, Expected)] = [
    (listen("key: {file: k}"), Expected(1, 16, "listen[0].tls.certificate", "a file is required")),
    (listen("certificate: {file: c}"), Expected(1, 16, "listen[0].tls.key", "a file is required")),
    (
      listen("certificate: tls.crt, key: {file: k}"),
      Expected(1, 30, "listen[0].tls.certificate", "{file: PATH}")
    ),
    (
      listen("certificate: {env: CRT}, key: {file: k}"),
      Expected(1, 30, "listen[0].tls.certificate", "{file: PATH}")
    ),
    (
      listen("certificate: {credential: c}, key: {file: k}"),
      Expected(1, 30, "listen[0].tls.certificate", "LoadCredential")
    ),
    (
      listen("\(pair), client: required"),
      Expected(1, 16, "listen[0].tls.clientCA", "required with client: required")
    ),
    (
      listen("\(pair), clientCA: {file: ca}"),
      Expected(1, 84, "listen[0].tls.clientCA", "add client: required")
    ),
    (
      listen("\(pair), minVersion: 1.1"),
      Expected(1, 86, "listen[0].tls.minVersion", "one of 1.2, 1.3")
    ),
    (
      listen("\(pair), client: maybe"),
      Expected(1, 82, "listen[0].tls.client", "none, optional, required")
    ),
    (
      "listen: [{address: \"unix:/run/g\", tls: {\(pair)}}]\n",
      Expected(1, 40, "listen[0].tls", "not for a Unix socket")
    ),
    (
      callers("certificate: {}"),
      Expected(3, 37, "callers[0].match.certificate", "a name is required")
    ),
    (
      callers("certificate: {uri: \"a:b\", dns: c}"),
      Expected(3, 37, "callers[0].match.certificate", "a caller has one name")
    ),
    (
      callers("certificate: {uri: \"spiffe://corp/*\"}"),
      Expected(3, 43, "callers[0].match.certificate.uri", "patterns are not supported")
    ),
    (
      callers("certificate: {uri: crm}"),
      Expected(3, 43, "callers[0].match.certificate.uri", "expected a URI")
    ),
    (
      callers("certificate: {dns: \"*.internal\"}"),
      Expected(3, 43, "callers[0].match.certificate.dns", "wildcards match nothing")
    ),
    (
      callers("certificate: {dns: bücher.example}"),
      Expected(3, 43, "callers[0].match.certificate.dns", "begins with xn--")
    ),
    (
      callers("certificate: {dns: crm.internal.}"),
      Expected(3, 43, "callers[0].match.certificate.dns", "expected a DNS name")
    ),
    (
      callers("certificate: {dns: a.internal}", "certificate: {dns: A.Internal}"),
      Expected(4, 23, "callers[1].match.certificate", "dns a.internal is already the name of c0")
    ),
  ]

  @Test("Each mistake is told where it stands, with the fix", arguments: mistakes)
  func mistake(_ yaml: String, _ expected: Expected) throws {
    let rig = try LoadingRig()
    let problems = try rig.problems(yaml + LoadingRig.app)
    #expect(problems.count == 1, "\(problems)")
    #expect(problems.first.map(expected.fits) == true, "\(problems) is not \(expected)")
  }

  @Test("A key that everybody can read, and a name that no listener asks for, are warned of")
  func warnings() throws {
    let rig = try LoadingRig()
    try rig.write("open.key", "key", mode: 0o644)
    let yaml =
      Self.listen("certificate: {file: tls.crt}, key: {file: open.key}") + """
        callers:
          - {name: crm, match: {certificate: {dns: crm.internal}}, apps: [main], allow: ["*"]}

        """
    let warnings = try rig.load(yaml + LoadingRig.app).warnings
    #expect(warnings.map(\.keyPath) == ["listen[0].tls.key", "callers[0].match.certificate"])
  }

  @Test("What a reload would change of TLS is told by its files")
  func changes() throws {
    let rig = try LoadingRig()
    let old = try rig.load(LoadingRig.app).settings
    let new = try rig.load(Self.listen(Self.pair) + LoadingRig.app).settings
    let lines = SettingsChanges(from: old, to: new).lines
    #expect(lines.count == 1)
    #expect(lines.first?.contains("tls.certificate none → ") == true, "\(lines)")
  }
}
