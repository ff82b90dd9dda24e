internal import CMinizip
internal import TextCoding

/// A file inside a zip.
package struct ZipEntry: Equatable, Sendable {
  package let path: String
  /// Unpacked, in bytes.
  package let size: Int
  /// Packed, in bytes.
  package let packed: Int
  /// Seconds since 1970, the zip's local time taken for UTC.
  package let modified: Int
}

/// Why content is not taken.
package struct ContentFault: Error, Equatable, Sendable {
  package let message: String

  package init(_ message: String) { self.message = message }
}

/// A zip in a part of a file, read with minizip: the C wrapper of this module. Nothing is written to disk.
@safe struct ZipArchive: ~Copyable {
  /// Files that a course may have, directories counted.
  static let maximumEntries = 20_000
  /// Bytes of a file's path.
  static let maximumPath = 1_000
  /// Bytes that all files of a course may unpack to.
  static let maximumSize = 16 << 30
  /// How many times larger than the zip a course may be, once it is larger than ``harmlessSize``. DEFLATE
  /// reaches a thousand with zero bytes only; real courses stay below twenty.
  static let maximumRatio = 200
  static let harmlessSize = 64 << 20

  private let archive: OpaquePointer
  /// Files, without directories, in the zip's order.
  let entries: [ZipEntry]

  /// Opens the `length` bytes at `start` of the file behind `descriptor`, which must stay open as long as this
  /// value lives.
  init(descriptor: Int32, start: Int, length: Int) throws(ContentFault) {
    // Proof: an archive that is open and that nobody else has: this value closes it. The caller keeps the descriptor.
    let (opened, found) = unsafe try ZipArchive.open(descriptor, start, length)
    unsafe archive = opened
    entries = found
  }

  private static func open(_ descriptor: Int32, _ start: Int, _ length: Int) throws(ContentFault)
    -> (OpaquePointer, [ZipEntry])
  {
    // Proof: two numbers go in; the shim keeps every read within `length` bytes from `start`. Null is looked for.
    let opened = unsafe cmz_open(descriptor, UInt64(max(0, start)), UInt64(max(0, length)))
    guard let opened = unsafe opened else { throw ContentFault("The file is not a zip archive.") }
    do throws(ContentFault) {
      return unsafe (opened, try entries(opened, packed: length))
    } catch {
      // Proof: opened above, and given to nobody.
      unsafe cmz_close(opened)
      throw error
    }
  }

  deinit {
    // Proof: the only owner closes it once.
    unsafe cmz_close(archive)
  }

  private static func entries(_ archive: OpaquePointer, packed length: Int) throws(ContentFault)
    -> [ZipEntry]
  {
    guard unsafe cmz_count(archive) <= UInt64(maximumEntries) else {
      throw ContentFault("The zip has more than \(maximumEntries) files.")
    }
    var entries: [ZipEntry] = []
    var total = 0
    // Proof: the archive is open, and its caller is the only one that has it.
    var step = unsafe cmz_first(archive)
    while step == 1 {
      guard entries.count < maximumEntries else {
        throw ContentFault("The zip has more than \(maximumEntries) files.")
      }
      var entry = cmz_entry()
      // Proof: the entry is written whole, and its name ends within it.
      guard unsafe cmz_describe(archive, &entry) == 1 else { break }
      let (path, isCut) = name(&entry)
      guard !isCut, Int(clamping: entry.name_length) <= maximumPath else {
        throw ContentFault("The zip has a path of more than \(maximumPath) bytes.")
      }
      guard isHarmless(path) else {
        throw ContentFault("The zip has a path that leads out of it: \(path.prefix(100))")
      }
      guard entry.is_encrypted == 0 else {
        throw ContentFault("The zip is encrypted: \(path.prefix(100))")
      }
      let size = Int(clamping: entry.size)
      total = total.addingReportingOverflow(size).overflow ? .max : total + size
      guard total <= maximumSize,
        total <= harmlessSize || total / maximumRatio <= max(1, length)
      else {
        throw ContentFault(
          "The zip unpacks to more than \(maximumRatio) times its size, or more than 16 GiB.")
      }
      if !path.hasSuffix("/") {
        entries.append(
          ZipEntry(
            path: path, size: size, packed: Int(clamping: entry.packed),
            modified: seconds(entry.modified)))
      }
      // Proof: as for the first.
      step = unsafe cmz_next(archive)
    }
    guard step == 0 else { throw ContentFault("The zip's directory is broken.") }
    return entries
  }

  /// The name as text, backslashes of careless packers as slashes, and whether it was cut.
  private static func name(_ entry: inout cmz_entry) -> (String, Bool) {
    let length = Int(clamping: entry.name_length)
    // Proof: a tuple of the imported array's bytes, read within the call.
    let bytes = unsafe withUnsafeBytes(of: &entry.name) { raw in
      unsafe Array(raw.prefix(min(length, raw.count - 1)))
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let path = String(text.map { $0 == "\\" ? "/" : $0 })
    return (path, length > bytes.count)
  }

  private static func isHarmless(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.utf8.contains(0)
      && !path.split(separator: "/").contains("..")
      && !(path.dropFirst().hasPrefix(":"))
  }

  private static func seconds(_ dos: UInt32) -> Int {
    let date = Int(dos >> 16)
    let time = Int(dos & 0xFFFF)
    return CalendarTime.secondsSince1970(
      year: 1980 + date >> 9, month: max(1, date >> 5 & 15), day: max(1, date & 31),
      hour: time >> 11, minute: time >> 5 & 63, second: (time & 31) * 2)
  }

  /// The unpacked bytes of the file at `path`; nil when there is none.
  ///
  /// - Parameter limit: most bytes that it may have, whatever the zip's directory says.
  func contents(of path: String, limit: Int) throws(ContentFault) -> [UInt8]? {
    // Proof: the archive is open as long as self is, and self is not shared.
    var step = unsafe cmz_first(archive)
    while step == 1 {
      var entry = cmz_entry()
      // Proof: as above.
      guard unsafe cmz_describe(archive, &entry) == 1 else { break }
      if ZipArchive.name(&entry).0 == path { return try unpack(path, limit: limit) }
      step = unsafe cmz_next(archive)
    }
    return nil
  }

  private func unpack(_ path: String, limit: Int) throws(ContentFault) -> [UInt8] {
    // Proof: the archive is open as long as self is.
    guard unsafe cmz_begin(archive) == 1 else {
      throw ContentFault("\(path) cannot be unpacked.")
    }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      // Proof: the array's own bytes, as many as it says.
      let got = unsafe piece.withUnsafeMutableBytes { room in
        unsafe cmz_read(archive, room.baseAddress, room.count)
      }
      guard got >= 0 else {
        // Proof: a file was begun above; the archive is open.
        _ = unsafe cmz_end(archive)
        throw ContentFault("\(path) is broken in the zip.")
      }
      if got == 0 { break }
      bytes.append(contentsOf: piece[..<Int(got)])
      guard bytes.count <= limit else {
        // Proof: a file was begun above; the archive is open.
        _ = unsafe cmz_end(archive)
        throw ContentFault("\(path) has more than \(limit) bytes.")
      }
    }
    // Proof: a file was begun above; the archive is open.
    guard unsafe cmz_end(archive) == 1 else {
      throw ContentFault("\(path) does not have its checksum.")
    }
    return bytes
  }
}
