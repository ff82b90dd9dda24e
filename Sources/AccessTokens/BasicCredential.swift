package import Memory

/// The `Authorization: Basic …` line of an app, made once and kept as a secret.
///
/// SCORM Cloud takes an app's id and secret key as user name and password (RFC 7617) for every operation.
package enum BasicCredential {
  /// The line for `id` and `secret`, with CR LF. `id` must hold no colon, as RFC 7617 section 2 says.
  package static func line(id: String, secret: SecretBytes) -> SecretBytes {
    let idBytes = Array(id.utf8)
    let length = idBytes.count + 1 + secret.count
    // Reserved whole, so that growing leaves no copy behind.
    var pair = ByteBuffer(capacity: length)
    pair.put(contentsOf: idBytes)
    pair.put(UInt8(ascii: ":"))
    pair.put(secret.bytes)
    var line = ByteBuffer(capacity: 23 + (length + 2) / 3 * 4)
    line.put("Authorization: Basic ")
    putBase64(pair.bytes, into: &line)
    line.put("\r\n")
    let result = SecretBytes(copying: line.bytes)
    pair.overwriteWithZeros()
    line.overwriteWithZeros()
    return result
  }

  /// Base 64 with padding (RFC 4648 section 4).
  static func putBase64(_ bytes: RawSpan, into out: inout ByteBuffer) {
    var i = 0
    while i < bytes.byteCount {
      let rest = bytes.byteCount - i
      let group =
        UInt32(bytes[i]) << 16 | (rest > 1 ? UInt32(bytes[i + 1]) << 8 : 0)
        | (rest > 2 ? UInt32(bytes[i + 2]) : 0)
      out.put(digit(group >> 18))
      out.put(digit(group >> 12))
      out.put(rest > 1 ? digit(group >> 6) : UInt8(ascii: "="))
      out.put(rest > 2 ? digit(group) : UInt8(ascii: "="))
      i += 3
    }
  }

  /// The digit of the low six bits.
  private static func digit(_ group: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: group & 63)
    switch value {
    case 0..<26: return value + UInt8(ascii: "A")
    case 26..<52: return value - 26 + UInt8(ascii: "a")
    case 52..<62: return value - 52 + UInt8(ascii: "0")
    case 62: return UInt8(ascii: "+")
    default: return UInt8(ascii: "/")
    }
  }
}
