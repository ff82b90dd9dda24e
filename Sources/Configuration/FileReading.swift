internal import Glibc

/// A whole small file in memory.
struct FileContents {
  var bytes: [UInt8]
  /// Permission bits.
  let mode: UInt32

  var isReadableByEveryone: Bool { mode & 0o004 != 0 }

  /// Why a file was not read, as the system says it.
  struct Failure: Error {
    let reason: String
  }

  /// Reads the regular file at `path`, which must not be larger than `limit` bytes.
  init(path: String, limit: Int) throws(Failure) {
    // O_NONBLOCK: opening a FIFO must not wait for its writer; it is refused below.
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
    // Files that a kernel makes up, as in /proc, say zero.
    let size = status.st_size > 0 ? min(Int(status.st_size), limit) : limit
    // One more: a read to the end must find it.
    var contents = [UInt8](repeating: 0, count: size + 1)
    var used = 0
    while used < contents.count {
      // Proof: the buffer holds contents.count - used bytes behind `used`.
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

  /// Why a C library that opens `path` later would not find a file to read there, or would wait for one; nil
  /// when it would.
  static func objection(to path: String) -> String? {
    // As in reading: a FIFO must not hold anybody up.
    // Proof: the path is a C string for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return systemError() }
    defer { close(descriptor) }
    var status = stat()
    // Proof: status outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else { return systemError() }
    return status.st_mode & S_IFMT == S_IFREG ? nil : notRegular.reason
  }

  /// Whether opening `path` may wait for somebody else.
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

/// Files that C libraries read by their name.
package enum ReadableFile {
  /// Why `path` cannot be one; nil when it can.
  package static func objection(to path: String) -> String? { FileContents.objection(to: path) }
}

/// Users of this system.
package enum SystemUsers {
  /// The number of the user called `name`; nil when there is none.
  package static func id(of name: String) -> UInt32? {
    // Proof: null pointers, which nobody follows: only a call that succeeds fills it, and only its number is read.
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 16_384)
    // Proof: all buffers outlive the call, and only the number is taken out of them.
    let status = unsafe texts.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return ENOMEM }
      return unsafe getpwnam_r(name, &entry, base, buffer.count, &found)
    }
    guard status == 0, unsafe found != nil else { return nil }
    return unsafe entry.pw_uid
  }
}
