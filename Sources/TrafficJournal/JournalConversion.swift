internal import System

/// Converts a journal of version 1, which had a row and five index entries per call, to blocks.
///
/// The old file is renamed and stays next to the new one. The journal's thread reads it from its newest line backwards,
/// some lines at a time, in between the lines that it writes. In the end it removes the old file. An interrupted
/// conversion continues where it stopped.
struct JournalConversion: ~Copyable {
  /// Lines converted in one step.
  private static let step = 1_024
  private static let suffix = ".version-1"

  private let old: Database
  private let path: String

  /// Renames the file at `path` if it is of version 1.
  static func putAside(_ path: String) throws(DatabaseError) {
    guard FileFacts.size(path) ?? 0 > 0, FileFacts.size(path + suffix) == nil else { return }
    do throws(DatabaseError) {
      let database = try Database(path: path, mode: .readOnly)
      guard try database.integer("PRAGMA application_id") == JournalSchema.applicationID,
        try database.integer("PRAGMA user_version") == 1
      else { return }
    } catch {
      // Opening it for writing will report what is wrong with it.
      return
    }
    try JournalFile.rename(path, to: path + suffix)
  }

  /// The pending conversion next to the journal at `path`; nil if there is none.
  static func open(beside path: String) -> JournalConversion? {
    let name = path + suffix
    guard FileFacts.size(name) != nil else { return nil }
    guard let database = try? Database(path: name, mode: .readWrite) else { return nil }
    return JournalConversion(old: database, path: name)
  }

  /// Converts some lines into `file`.
  ///
  /// - Returns: whether there are more. The caller calls ``finish()`` if there are none.
  func goOn(into file: JournalFile) throws(DatabaseError) -> Bool {
    let place = try file.state(JournalSchema.converted) ?? .max
    let rows = try old.prepare("SELECT id, line FROM lines WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
    try rows.bind(1, place)
    try rows.bind(2, Int64(JournalConversion.step))
    var lines: [[UInt8]] = []
    var last = place
    while try rows.step() {
      last = rows.integer(0)
      lines.append(rows.text(1))
    }
    guard !lines.isEmpty else { return false }
    try file.insertConverted(lines, doneTo: last)
    return true
  }

  /// Removes the old file, once all of it is converted or if it cannot be read.
  consuming func finish() {
    for suffix in ["", "-wal", "-shm"] { FileFacts.remove(path + suffix) }
  }
}
