internal import Glibc
internal import Memory

/// A small file that other processes wait for: it has either all of its text, or does not exist.
package enum ReplacedFile {
  /// Replaces the content of the file at `path` by `text`.
  package static func write(_ text: String, path: String) throws(SystemError) {
    let beside = "\(path).\(getpid())"
    do throws(SystemError) {
      let file = try AppendingFile(path: beside)
      var failure: SystemError?
      _ = file.append(text.utf8.span.bytesOfElements, failure: &failure)
      if let failure { throw failure }
      // Proof: two C strings for the call.
      guard unsafe rename(beside, path) == 0 else { throw .current }
    } catch {
      remove(path: beside)
      throw error
    }
  }

  /// The number at the start of the file at `path`; nil when there is none.
  package static func number(path: String) -> Int? {
    // Proof: a C string for the call.
    let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else { return nil }
    let file = Descriptor(owning: opened)
    var bytes = [UInt8](repeating: 0, count: 20)
    // Proof: the array's own bytes, as many as it says.
    let count = unsafe bytes.withUnsafeMutableBytes { room in
      unsafe read(file.number, room.baseAddress, room.count)
    }
    guard count > 0 else { return nil }
    return Int(
      String(decoding: bytes.prefix(count).prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
  }

  /// Removes the file at `path`, if it exists.
  package static func remove(path: String) {
    // Proof: a C string for the call.
    _ = unsafe unlink(path)
  }
}
