/// Writes a zip archive without compression (APPNOTE 6.3.3), for the small packages that the sandbox makes.
struct ZipWriter {
  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// Adds a file. Its time is the format's earliest, so the same files make the same archive.
  mutating func add(_ path: String, _ content: [UInt8]) {
    let name = Array(path.utf8)
    let offset = bytes.count
    var common: [UInt8] = []
    // Version 2.0, names in UTF-8, not compressed, 1980-01-01.
    for value in [20, 0x800, 0, 0, 0x21] { ZipWriter.put(value, 2, into: &common) }
    ZipWriter.put(Int(ZipWriter.checksum(content)), 4, into: &common)
    ZipWriter.put(content.count, 4, into: &common)
    ZipWriter.put(content.count, 4, into: &common)
    ZipWriter.put(name.count, 2, into: &common)
    ZipWriter.put(0, 2, into: &common)
    bytes += [0x50, 0x4B, 3, 4] + common + name + content
    directory += [0x50, 0x4B, 1, 2, 20, 0] + common
    // No comment, first disk, no attributes.
    for _ in 0..<3 { ZipWriter.put(0, 2, into: &directory) }
    ZipWriter.put(0, 4, into: &directory)
    ZipWriter.put(offset, 4, into: &directory)
    directory += name
    count += 1
  }

  /// The whole archive.
  var finished: [UInt8] {
    var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    ZipWriter.put(count, 2, into: &end)
    ZipWriter.put(count, 2, into: &end)
    ZipWriter.put(directory.count, 4, into: &end)
    ZipWriter.put(bytes.count, 4, into: &end)
    ZipWriter.put(0, 2, into: &end)
    return bytes + directory + end
  }

  private static func put(_ value: Int, _ width: Int, into bytes: inout [UInt8]) {
    for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
  }

  /// CRC-32 of the bytes (ISO 3309).
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }
}
