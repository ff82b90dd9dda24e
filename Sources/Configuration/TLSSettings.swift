package import Memory

/// The TLS of a listener. Files are named and not read, because they change while the gateway runs.
package struct TLSSettings: Sendable, Equatable {
  /// Whether clients present certificates.
  package enum Client: String, Sendable, CaseIterable {
    /// Clients are not asked for a certificate.
    case none
    /// A client without a certificate is accepted, but one with an invalid certificate is not.
    case optional
    case required
  }

  package enum Version: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
  }

  /// The server's certificate and its intermediate certificates, in PEM.
  package var certificate: String
  package var key: String
  /// The authorities of client certificates; nil if and only if clients are not asked for one.
  package var clientCA: String?
  /// Certificate revocation lists, one per authority.
  package var clientCRL: String?
  package var client: Client
  package var minVersion: Version

  /// Whether clients are asked for certificates.
  package var asksClients: Bool { client != Client.none }

  /// The configured files with their keys.
  package var files: [(key: String, path: String)] {
    [
      ("certificate", certificate), ("key", key), ("clientCA", clientCA), ("clientCRL", clientCRL),
    ].compactMap { key, path in path.map { (key, $0) } }
  }
}

/// A file of certificates, keys or revocation lists.
package enum CertificateFile {
  /// The maximum number of bytes read. Revocation lists grow.
  package static let limit = 8 << 20

  /// - Throws: why the file cannot be read, in words.
  package static func read(_ path: String) throws(SecretFile.Unreadable) -> [UInt8] {
    do { return try FileContents(path: path, limit: limit).bytes } catch {
      throw SecretFile.Unreadable(description: error.reason)
    }
  }

  /// Like ``read(_:)``, for a private key.
  package static func readKey(_ path: String) throws(SecretFile.Unreadable) -> SecretBytes {
    var bytes = try read(path)
    return SecretBytes(taking: &bytes)
  }

  /// Whether every user of this machine can read the file.
  static func isOpen(_ path: String) -> Bool {
    guard var file = try? FileContents(path: path, limit: limit) else { return false }
    FileContents.erase(&file.bytes)
    return file.isReadableByEveryone
  }
}
