internal import COpenSSL
package import Memory

/// Tells whether two processes mean the same secret, without the secret: HMAC-SHA-256 under a key made for the occasion.
package enum SecretFingerprint {
  package static let keyBytes = 32

  /// Nil when OpenSSL fails.
  package static func of(_ secret: SecretBytes, key: [UInt8]) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: 32)
    // Proof: the shim reads as many bytes as given during the call, and writes the 32 of a SHA-256.
    let made = unsafe secret.bytes.withUnsafeBytes { source in
      unsafe co_hmac_sha256(key, key.count, source.baseAddress, source.count, &code)
    }
    return made == 1 ? code : nil
  }
}
