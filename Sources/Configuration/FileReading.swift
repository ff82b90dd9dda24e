internal import Glibc

/// A whole small file in memory.
struct FileContents {
  var bytes: [UInt8]
  /// Permission bits.
  let mode: UInt32

  var isReadableByEveryone: Bool { mode & 0o004 != 0 }

  /// Why a file was not read, in the system's words.
  struct Failure: Error {
    let reason: String
  }

  /// Reads the regular file at `path`, which must not be larger than `limit` bytes.
  init(path: String, limit: Int) throws(Failure) {
    // O_NONBLOCK: opening a FIFO must not wait for its writer. A FIFO is refused below.
    // Proof: the path is a C string for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(reason: FileContents.systemError()) }
    defer { close(descriptor) }
    var status = stat()
    // Proof: status outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw Failure(reason: FileContents.systemError())
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileContents.notRegular }
    mode = status.st_mode & 0o7777
    // Files that the kernel generates, such as those in /proc, report size zero.
    let size = status.st_size > 0 ? min(Int(status.st_size), limit) : limit
    // One byte more, so that the read reaches the end of the file.
    var contents = [UInt8](repeating: 0, count: size + 1)
    var used = 0
    while used < contents.count {
      // Proof: the buffer has contents.count - used bytes after `used`.
      let got = unsafe contents.withUnsafeMutableBytes { buffer in
        unsafe read(descriptor, buffer.baseAddress?.advanced(by: used), buffer.count - used)
      }
      if got == 0 { break }
      if got < 0 {
        if errno == EINTR { continue }
        let reason = FileContents.systemError()
        FileContents.erase(&contents)
        throw Failure(reason: reason)
      }
      used += got
    }
    guard used <= size else {
      FileContents.erase(&contents)
      let isTooLarge = size == limit
      throw Failure(
        reason: isTooLarge ? "larger than \(ByteSize(limit))" : "changed while it was read")
    }
    // Shrinking in place keeps a secret in this one allocation.
    contents.removeLast(contents.count - used)
    bytes = contents
  }

  private static var notRegular: Failure { Failure(reason: "not a regular file") }

  /// Why a C library that opens `path` later could not read a file there, or would wait; nil if it can read it.
  static func objection(to path: String) -> String? {
    // As when reading: opening a FIFO must not wait.
    // Proof: the path is a C string for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return systemError() }
    defer { close(descriptor) }
    var status = stat()
    // Proof: status outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else { return systemError() }
    return status.st_mode & S_IFMT == S_IFREG ? nil : notRegular.reason
  }

  /// Whether opening `path` may wait for another process.
  static func isFIFO(_ path: String) -> Bool {
    var status = stat()
    // Proof: the path is a C string for the call, and the status outlives it.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  static func erase(_ bytes: inout [UInt8]) {
    for i in bytes.indices { bytes[i] = 0 }
  }

  private static func systemError() -> String {
    // Proof: strerror returns a C string that is copied at once; loading is single-threaded.
    let text: UnsafeMutablePointer<CChar>? = unsafe strerror(errno)
    guard let text = unsafe text else { return "error \(errno)" }
    return unsafe String(cString: text)
  }
}

/// Files that C libraries open by name.
package enum ReadableFile {
  /// Why `path` cannot be read as such a file; nil if it can.
  package static func objection(to path: String) -> String? { FileContents.objection(to: path) }
}

/// Users of this system.
package enum SystemUsers {
  /// The id of the user called `name`; nil if there is no such user.
  package static func id(of name: String) -> UInt32? {
    // Proof: null pointers, which are never followed: only a successful call fills it, and only its number is read.
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 16_384)
    // Proof: all buffers outlive the call, and only the number is copied out of them.
    let status = unsafe texts.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return ENOMEM }
      return unsafe getpwnam_r(name, &entry, base, buffer.count, &found)
    }
    guard status == 0, unsafe found != nil else { return nil }
    return unsafe entry.pw_uid
  }
}
