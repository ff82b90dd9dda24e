internal import COpenSSL
package import Memory

/// Shows whether two processes have the same secret without revealing it: HMAC-SHA-256 with a key made for this
/// purpose.
package enum SecretFingerprint {
  package static let keyBytes = 32

  /// The fingerprint of `secret`; nil if OpenSSL fails.
  package static func of(_ secret: SecretBytes, key: [UInt8]) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: 32)
    // Proof: the shim reads exactly the given number of bytes during the call, and writes the 32 bytes of a SHA-256.
    let made = unsafe secret.bytes.withUnsafeBytes { source in
      unsafe co_hmac_sha256(key, key.count, source.baseAddress, source.count, &code)
    }
    return made == 1 ? code : nil
  }
}
