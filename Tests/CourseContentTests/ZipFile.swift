import Foundation

@testable import CourseContent

/// Writes zips without compression, with errors where a test needs them.
struct ZipFile {
  struct Entry {
    var name: String
    var bytes: [UInt8]
    /// The length that the directory claims instead of the real one.
    var claimedSize: UInt32?
    var isEncrypted = false
    /// Used instead of the correct one, which takes long to compute for long files.
    var checksum: UInt32?
  }

  var entries: [Entry] = []

  init(_ files: KeyValuePairs<String, String> = [:]) {
    for (name, text) in files { entries.append(Entry(name: name, bytes: Array(text.utf8))) }
  }

  /// A tincan.xml packed by Python's zipfile with DEFLATE.
  static let deflated =
    "UEsDBBQAAAAIAABgYVwMY2M4nAAAAAsBAAAKAAAAdGluY2FuLnhtbFWPzQ7CIBCEX4Vwt9wN5WBMvPoKG1gtCgspW0PfXvtjtbdJ5vuSGc2eLJCoMVBpZcecj0rlPj3Q8tI1NkW1xlqcNBos+5dnj2XLo/Bu07FCzAFnEaTgMWMrbRr6gh+bIKIIQPdWIh0uJ2muYJ/otJoaox0W2/vMPtEeO+MtAE/gH2J0gIFst0c9OaxNxzFotfRGq+/UX5wfrN/MG1BLAQIUAxQAAAAIAABgYVwMY2M4nAAAAAsBAAAKAAAAAAAAAAAAAACAAQAAAAB0aW5jYW4ueG1sUEsFBgAAAAABAAEAOAAAAMQAAAAAAA=="

  var bytes: [UInt8] {
    var out: [UInt8] = []
    var directory: [UInt8] = []
    func put(_ value: UInt32, _ count: Int, _ to: inout [UInt8]) {
      for i in 0..<count { to.append(UInt8(truncatingIfNeeded: value >> (8 * UInt32(i)))) }
    }
    for entry in entries {
      let offset = UInt32(out.count)
      let name = Array(entry.name.utf8)
      func facts(_ to: inout [UInt8]) {
        put(20, 2, &to)
        put(entry.isEncrypted ? 1 : 0, 2, &to)
        put(0, 2, &to)
        // 2026-03-01T12:00:00 in MS-DOS format.
        put(0x5C61_6000, 4, &to)
        put(entry.checksum ?? ZipFile.checksum(entry.bytes), 4, &to)
        put(UInt32(entry.bytes.count), 4, &to)
        put(entry.claimedSize ?? UInt32(entry.bytes.count), 4, &to)
        put(UInt32(name.count), 2, &to)
        put(0, 2, &to)
      }
      put(0x0403_4b50, 4, &out)
      facts(&out)
      out += name + entry.bytes
      put(0x0201_4b50, 4, &directory)
      put(20, 2, &directory)
      facts(&directory)
      for (value, count) in [(0, 2), (0, 2), (0, 2), (0, 4)] as [(UInt32, Int)] {
        put(value, count, &directory)
      }
      put(offset, 4, &directory)
      directory += name
    }
    let start = UInt32(out.count)
    out += directory
    put(0x0605_4b50, 4, &out)
    put(0, 4, &out)
    put(UInt32(entries.count), 2, &out)
    put(UInt32(entries.count), 2, &out)
    put(UInt32(directory.count), 4, &out)
    put(start, 4, &out)
    put(0, 2, &out)
    return out
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  /// Describes the bytes' content, with other bytes before and after them in the file.
  static func describe(_ bytes: [UInt8], type: String? = nil) throws -> CourseDescription {
    try withFile(bytes) { descriptor, start, length in
      try CourseReader.describe(descriptor: descriptor, start: start, length: length, type: type)
    }
  }

  static func withFile<Result>(
    _ bytes: [UInt8], _ body: (Int32, Int, Int) throws -> Result
  ) throws -> Result {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("content-\(UUID().uuidString)")
    let before = Array("--boundary\r\nContent-Disposition: form-data\r\n\r\n".utf8)
    let behind = Array("\r\n--boundary--\r\n".utf8)
    try Data(before + bytes + behind).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let file = try FileHandle(forReadingFrom: path)
    defer { try? file.close() }
    return try body(file.fileDescriptor, before.count, bytes.count)
  }
}
