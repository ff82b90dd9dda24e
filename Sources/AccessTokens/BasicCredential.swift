package import Memory
internal import TextCoding

/// The `Authorization: Basic …` line of an app, built once and kept as a secret.
///
/// SCORM Cloud accepts an app's id and secret key as user name and password (RFC 7617) for every operation.
package enum BasicCredential {
  /// Where the credential begins in a line.
  static let credentialStart = 21

  /// The line for `id` and `secret`, with CR LF. `id` must not contain a colon (RFC 7617 section 2).
  package static func line(id: String, secret: SecretBytes) -> SecretBytes {
    let idBytes = Array(id.utf8)
    let length = idBytes.count + 1 + secret.count
    // Reserved at full size, because a growing buffer leaves copies behind.
    var pair = ByteBuffer(capacity: length)
    pair.put(contentsOf: idBytes)
    pair.put(UInt8(ascii: ":"))
    pair.put(secret.bytes)
    var line = ByteBuffer(capacity: credentialStart + 2 + Base64.standard.length(of: length))
    line.put("Authorization: Basic ")
    Base64.standard.put(pair.bytes, into: &line)
    line.put("\r\n")
    let result = SecretBytes(copying: line.bytes)
    pair.overwriteWithZeros()
    line.overwriteWithZeros()
    return result
  }
}
