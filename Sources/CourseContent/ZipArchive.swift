internal import CMinizip
internal import TextCoding

/// A file inside a zip.
package struct ZipEntry: Equatable, Sendable {
  package let path: String
  /// Unpacked size in bytes.
  package let size: Int
  /// Packed size in bytes.
  package let packed: Int
  /// Seconds since 1970, with the zip's local time read as UTC.
  package let modified: Int
}

/// Why content cannot be imported.
package struct ContentFault: Error, Equatable, Sendable {
  package let message: String

  package init(_ message: String) { self.message = message }
}

/// A zip in a range of a file, read with minizip through this module's C wrapper. Nothing is written to disk.
@safe struct ZipArchive: ~Copyable {
  /// Maximum number of files in a course, including directories.
  static let maximumEntries = 20_000
  /// Longest path of a file in bytes.
  static let maximumPath = 1_000
  /// Largest total size of a course's files when unpacked, in bytes.
  static let maximumSize = 16 << 30
  /// The greatest ratio of a course's unpacked size to the zip, once the course exceeds ``harmlessSize``. DEFLATE
  /// reaches a thousand only with zero bytes; real courses stay below twenty.
  static let maximumRatio = 200
  static let harmlessSize = 64 << 20

  private let archive: OpaquePointer
  /// Files, without directories, in the zip's order.
  let entries: [ZipEntry]

  /// Opens the `length` bytes at `start` of the file behind `descriptor`, which must stay open as long as this value
  /// exists.
  init(descriptor: Int32, start: Int, length: Int) throws(ContentFault) {
    // Proof: the archive is open and has no other owner: this value closes it. The caller keeps the descriptor open.
    let (opened, found) = unsafe try ZipArchive.open(descriptor, start, length)
    unsafe archive = opened
    entries = found
  }

  private static func open(_ descriptor: Int32, _ start: Int, _ length: Int) throws(ContentFault)
    -> (OpaquePointer, [ZipEntry])
  {
    // Proof: only numbers are passed. The shim keeps every read within `length` bytes from `start`. Null is checked
    // below.
    let opened = unsafe cmz_open(descriptor, UInt64(max(0, start)), UInt64(max(0, length)))
    guard let opened = unsafe opened else { throw ContentFault("The file is not a zip archive.") }
    do throws(ContentFault) {
      return unsafe (opened, try entries(opened, packed: length))
    } catch {
      // Proof: opened above, and not shared.
      unsafe cmz_close(opened)
      throw error
    }
  }

  deinit {
    // Proof: this value is the only owner and closes it once.
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
    // Proof: the archive is open, and only this function's caller holds it.
    var step = unsafe cmz_first(archive)
    while step == 1 {
      guard entries.count < maximumEntries else {
        throw ContentFault("The zip has more than \(maximumEntries) files.")
      }
      var entry = cmz_entry()
      // Proof: the call fills the whole entry, and its name ends within it.
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
      // Proof: as for the first entry.
      step = unsafe cmz_next(archive)
    }
    guard step == 0 else { throw ContentFault("The zip's directory is broken.") }
    return entries
  }

  /// The name as text, and whether it was cut. Backslashes become slashes, because some packers write them.
  private static func name(_ entry: inout cmz_entry) -> (String, Bool) {
    let length = Int(clamping: entry.name_length)
    // Proof: the bytes of the tuple that the imported array is, read during the call.
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

  /// The unpacked bytes of the file at `path`; nil if it does not exist.
  ///
  /// - Parameter limit: its largest size in bytes, whatever the zip's directory says.
  func contents(of path: String, limit: Int) throws(ContentFault) -> [UInt8]? {
    // Proof: the archive is open as long as self exists, and self is not shared.
    var step = unsafe cmz_first(archive)
    while step == 1 {
      var entry = cmz_entry()
      // Proof: as for the first entry in `entries(_:packed:)`.
      guard unsafe cmz_describe(archive, &entry) == 1 else { break }
      if ZipArchive.name(&entry).0 == path { return try unpack(path, limit: limit) }
      step = unsafe cmz_next(archive)
    }
    return nil
  }

  private func unpack(_ path: String, limit: Int) throws(ContentFault) -> [UInt8] {
    // Proof: the archive is open as long as self exists.
    guard unsafe cmz_begin(archive) == 1 else {
      throw ContentFault("\(path) cannot be unpacked.")
    }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      // Proof: the array's own bytes, as many as `room` has.
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
