package import Memory
internal import TextCoding

/// The settings for sharing tokens with the other gateways of a fleet.
package struct TokenShareSettings: Sendable {
  /// The 32 bytes that tokens are sealed with.
  package var key: SecretBytes
  /// The file that it was read from; nil for a variable.
  package var keyFile: String?
}

/// The key that gateways seal shared tokens with, as it is written in files and variables.
package enum ShareKey {
  /// The length of a key in bytes.
  package static let length = 32
  /// A command that makes a key.
  package static let command = "openssl rand -hex 32"
  /// The maximum number of bytes read from a file: 64 digits and a line end of any editor.
  static let limit = 66

  /// Why a text is not a key. It follows the text's name in messages and does not quote any of it.
  struct Defect: Error {
    let reason: String
  }

  /// Reads the key in the file at `path`.
  package static func read(_ path: String) throws(SecretFile.Unreadable) -> SecretBytes {
    var file: FileContents
    do { file = try FileContents(path: path, limit: limit) } catch {
      throw SecretFile.Unreadable(description: "is not readable: \(error.reason)")
    }
    defer { FileContents.erase(&file.bytes) }
    do { return try decode(file.bytes.span.bytesOfElements) } catch {
      throw SecretFile.Unreadable(description: error.reason)
    }
  }

  /// Decodes a key: 32 raw bytes, 64 hexadecimal digits, or 44 characters of base 64. The latter two may end with a
  /// line end.
  static func decode(_ text: RawSpan) throws(Defect) -> SecretBytes {
    var key: [UInt8]
    if text.byteCount == length {
      key = []
      key.reserveCapacity(length)
      for index in 0..<length { key.append(text[index]) }
      // Random bytes are printable in one of 10^13 keys. A passphrase, or a key of half the length in digits, always
      // is.
      if key.allSatisfy({ (0x20...0x7E).contains($0) }) {
        FileContents.erase(&key)
        throw Defect(reason: "holds 32 characters of text, not 32 random bytes")
      }
    } else {
      var count = text.byteCount
      if count > 0, text[count - 1] == UInt8(ascii: "\n") { count -= 1 }
      if count > 0, text[count - 1] == UInt8(ascii: "\r") { count -= 1 }
      switch count {
      case 2 * length: key = try hexadecimal(text, count)
      case 44: key = try base64(text, count)
      default:
        throw Defect(
          reason:
            "holds \(text.byteCount) bytes, but a key is 32 random bytes, 64 hexadecimal "
            + "digits, or 44 characters of base 64")
      }
    }
    defer { FileContents.erase(&key) }
    guard key.contains(where: { $0 != key[0] }) else {
      throw Defect(reason: "holds one byte 32 times, which is not a key")
    }
    return SecretBytes(copying: key.span.bytesOfElements)
  }

  private static func hexadecimal(_ text: RawSpan, _ count: Int) throws(Defect) -> [UInt8] {
    var key = [UInt8](repeating: 0, count: length)
    for index in 0..<count {
      let digit: UInt8
      switch text[index] {
      case 0x30...0x39: digit = text[index] - 0x30
      case 0x61...0x66: digit = text[index] - 0x61 + 10
      case 0x41...0x46: digit = text[index] - 0x41 + 10
      default:
        FileContents.erase(&key)
        throw Defect(
          reason: "holds 64 characters, of which number \(index + 1) is not a hexadecimal digit")
      }
      key[index / 2] = key[index / 2] << 4 | digit
    }
    return key
  }

  private static func base64(_ text: RawSpan, _ count: Int) throws(Defect) -> [UInt8] {
    var buffer = ByteBuffer(capacity: length)
    defer { buffer.overwriteWithZeros() }
    guard Base64.standard.decode(text.slice(0, count), into: &buffer), buffer.count == length
    else {
      throw Defect(reason: "holds 44 characters that are not 32 bytes in base 64")
    }
    var key: [UInt8] = []
    key.reserveCapacity(length)
    for index in 0..<length { key.append(buffer.bytes[index]) }
    return key
  }
}
