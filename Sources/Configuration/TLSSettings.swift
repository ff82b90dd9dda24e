package import Memory

/// How a listener speaks TLS. Files are named, not read: they change while the gateway runs.
package struct TLSSettings: Sendable, Equatable {
  /// Whether clients show certificates.
  package enum Client: String, Sendable, CaseIterable {
    /// They are not asked for one.
    case none
    /// One without a certificate may pass; one with a bad certificate may not.
    case optional
    case required
  }

  package enum Version: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
  }

  /// The server's certificate, and those that lead to its authority, in PEM.
  package var certificate: String
  package var key: String
  /// Authorities of clients' certificates; nil exactly when clients are not asked for any.
  package var clientCA: String?
  /// Lists of revoked certificates, one of each authority.
  package var clientCRL: String?
  package var client: Client
  package var minVersion: Version

  /// Whether clients are asked for certificates.
  package var asksClients: Bool { client != Client.none }

  /// The files by their keys.
  package var files: [(key: String, path: String)] {
    [
      ("certificate", certificate), ("key", key), ("clientCA", clientCA), ("clientCRL", clientCRL),
    ].compactMap { key, path in path.map { (key, $0) } }
  }
}

/// A file of certificates, keys or revocation lists.
package enum CertificateFile {
  /// Bytes that are read of one. Lists of revocations grow.
  package static let limit = 8 << 20

  /// - Throws: why it cannot be read, in words.
  package static func read(_ path: String) throws(SecretFile.Unreadable) -> [UInt8] {
    do { return try FileContents(path: path, limit: limit).bytes } catch {
      throw SecretFile.Unreadable(description: error.reason)
    }
  }

  /// As ``read(_:)``, for a private key.
  package static func readKey(_ path: String) throws(SecretFile.Unreadable) -> SecretBytes {
    var bytes = try read(path)
    return SecretBytes(taking: &bytes)
  }

  /// Whether every user of this machine can read it.
  static func isOpen(_ path: String) -> Bool {
    guard var file = try? FileContents(path: path, limit: limit) else { return false }
    FileContents.erase(&file.bytes)
    return file.isReadableByEveryone
  }
}
