import Foundation

/// A certificate authority for tests, made with `openssl`, and certificates of every kind that it signs.
final class TestAuthority {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  /// A subject alternative name, whose bytes are put into the certificate unchanged.
  enum Name {
    case dns(String)
    case uri(String)

    /// The name's tag, length and value (RFC 5280 section 4.2.1.6).
    fileprivate var encoded: [UInt8] {
      switch self {
      case .dns(let text): TestAuthority.encoded(0x82, Array(text.utf8))
      case .uri(let text): TestAuthority.encoded(0x86, Array(text.utf8))
      }
    }
  }

  /// The paths of a certificate and its key.
  struct Issued {
    let certificate: String
    let key: String
  }

  private let folder: URL
  private var count = 0
  private let own: Issued
  /// The authority's certificate.
  var certificate: String { own.certificate }
  var authority: Issued { own }

  init(_ name: String = "test authority") throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "authority-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    own = Issued(certificate: folder.path() + "/ca.pem", key: folder.path() + "/ca.key")
    try TestAuthority.openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-keyout", own.key, "-out", own.certificate, "-days", "30", "-subj", "/CN=\(name)",
      "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    ])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A path for a file that belongs to the authority.
  func path(_ name: String) -> String { folder.path() + "/" + name }

  /// Signs a certificate with these names.
  ///
  /// - Parameters:
  ///   - days: how long it is valid; negative for an expired one.
  ///   - signer: another certificate of this authority that signs it, and then follows it in the file.
  ///   - isAuthority: whether it may sign others.
  ///   - end: its last second, instead of `days`.
  func issue(
    _ names: [Name] = [], commonName: String = "somebody", days: Int = 2, signer: Issued? = nil,
    isAuthority: Bool = false, until end: Date? = nil
  ) throws -> Issued {
    count += 1
    let name = "issued-\(count)"
    let issued = Issued(certificate: path(name + ".pem"), key: path(name + ".key"))
    var extensions = isAuthority ? ["basicConstraints=critical,CA:TRUE"] : []
    if !names.isEmpty {
      let list = TestAuthority.encoded(0x30, names.flatMap(\.encoded))
      let digits = list.map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      extensions.append("subjectAltName=DER:" + digits.joined(separator: ":"))
    }
    try TestAuthority.openssl(
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", issued.key, "-out", path(name + ".csr"), "-subj", "/CN=\(commonName)",
      ] + extensions.flatMap { ["-addext", $0] })
    if let end {
      try sign(path(name + ".csr"), issued.certificate, until: end)
      return issued
    }
    let signing = signer ?? own
    try TestAuthority.openssl([
      "x509", "-req", "-in", path(name + ".csr"), "-CA", signing.certificate, "-CAkey", signing.key,
      "-set_serial", "\(count)", "-out", issued.certificate, "-days", "\(days)", "-copy_extensions",
      "copy",
    ])
    if let signer {
      let chain =
        try String(contentsOfFile: issued.certificate, encoding: .utf8)
        + String(contentsOfFile: signer.certificate, encoding: .utf8)
      try chain.write(toFile: issued.certificate, atomically: true, encoding: .utf8)
    }
    return issued
  }

  /// Signs a request with openssl's own authority function, which takes a time with seconds.
  private func sign(_ request: String, _ certificate: String, until end: Date) throws {
    try "".write(toFile: path("signed.txt"), atomically: true, encoding: .utf8)
    try """
    [ca]
    default_ca = own
    [own]
    database = \(path("signed.txt"))
    new_certs_dir = \(folder.path())
    rand_serial = yes
    default_md = sha256
    copy_extensions = copy
    policy = any
    [any]
    commonName = supplied
    """.write(toFile: path("sign.cnf"), atomically: true, encoding: .utf8)
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "yyyyMMddHHmmss'Z'"
    try TestAuthority.openssl([
      "ca", "-batch", "-notext", "-config", path("sign.cnf"), "-keyfile", own.key, "-cert",
      own.certificate, "-in", request, "-out", certificate, "-enddate", format.string(from: end),
    ])
  }

  /// Writes a certificate revocation list.
  ///
  /// - Parameters:
  ///   - revoked: the numbers of certificates, counted from 1 in the order in which they were issued.
  ///   - days: how long it is valid; negative for an outdated one.
  /// - Returns: its path.
  func revocations(_ revoked: [Int], days: Int = 2) throws -> String {
    let lines = revoked.map {
      "R\t400101000000Z\t250101000000Z\t\(hexadecimal($0))\tunknown\t/CN=x\n"
    }
    try lines.joined().write(toFile: path("index.txt"), atomically: true, encoding: .utf8)
    try """
    [ca]
    default_ca = own
    [own]
    database = \(path("index.txt"))
    default_md = sha256
    """.write(toFile: path("ca.cnf"), atomically: true, encoding: .utf8)
    var arguments = [
      "ca", "-gencrl", "-config", path("ca.cnf"), "-keyfile", own.key, "-cert", own.certificate,
      "-out", path("crl.pem"),
    ]
    arguments +=
      days < 0
      ? ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"]
      : ["-crldays", "\(days)"]
    try TestAuthority.openssl(arguments)
    return path("crl.pem")
  }

  private func hexadecimal(_ number: Int) -> String {
    let digits = String(number, radix: 16).uppercased()
    return digits.count % 2 == 0 ? digits : "0" + digits
  }

  fileprivate static func encoded(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
    let length: [UInt8] =
      value.count < 128
      ? [UInt8(value.count)] : [0x82, UInt8(value.count >> 8), UInt8(value.count & 255)]
    return [tag] + length + value
  }

  /// Runs `openssl`, which must succeed.
  static func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = errors.receiveAll()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Problem(
        description: "openssl \(arguments[0]): \(String(decoding: text, as: UTF8.self))")
    }
  }
}
