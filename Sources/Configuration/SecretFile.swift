internal import CLinux
internal import Glibc
package import Memory

/// A secret's file, watched for changes.
///
/// Its stamp follows links. So it detects a rewritten file, a file renamed over it, and a folder replaced through its
/// link, as Kubernetes does it.
package struct SecretFile: Sendable {
  /// Identifies one state of the file.
  package struct Stamp: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let modified: Int64
    private let changed: Int64

    init?(path: String) {
      var stamp = cl_file_stamp()
      // Proof: the path is a C string for the call, and the stamp outlives it.
      guard unsafe cl_file_stamp_of(path, &stamp) == 0 else { return nil }
      (device, number, size) = (stamp.device, stamp.number, stamp.size)
      (modified, changed) = (stamp.modified, stamp.changed)
    }
  }

  /// The maximum number of bytes read: a secret and a line end.
  static let limit = CredentialText.maximumLength + 1

  package let path: String

  package init(path: String) { self.path = path }

  /// The file's present state; nil if it does not exist.
  package var stamp: Stamp? { Stamp(path: path) }

  /// Reads the secret in the file.
  ///
  /// - Throws: why it holds no usable secret, without quoting any of it.
  package func read() throws(Unreadable) -> SecretBytes {
    var file: FileContents
    do { file = try FileContents(path: path, limit: SecretFile.limit) } catch {
      throw Unreadable(description: "is not readable: \(error.reason)")
    }
    if file.bytes.last == UInt8(ascii: "\n") { file.bytes.removeLast() }
    if let defect = SecretRules.defect(of: file.bytes) {
      FileContents.erase(&file.bytes)
      throw Unreadable(
        description: defect.hint.isEmpty ? defect.reason : "\(defect.reason): \(defect.hint)")
    }
    return SecretBytes(taking: &file.bytes)
  }

  /// Why a file holds no usable secret.
  package struct Unreadable: Error, CustomStringConvertible {
    package let description: String
  }
}

/// A small text file without secrets, written completely or not at all.
package enum StateFile {
  /// The maximum number of bytes read.
  package static let limit = 256 * 1024

  /// The file's text; nil if it does not exist or cannot be read.
  package static func read(_ path: String) -> String? {
    (try? FileContents(path: path, limit: limit)).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// Replaces the file's content by `text`, readable by this user only. Returns false if that fails.
  package static func write(_ text: String, to path: String) -> Bool {
    let temporary = path + ".new"
    // O_NONBLOCK: a FIFO at this path must not make it wait for a reader.
    // Proof: the path is a C string for the call.
    let descriptor = unsafe open(
      temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { return false }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // Proof: the slice lends its bytes for the call.
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    let isWhole = rest.isEmpty && fsync(descriptor) == 0
    close(descriptor)
    // Proof: both paths are C strings for the calls.
    guard isWhole, unsafe rename(temporary, path) == 0 else {
      _ = unsafe unlink(temporary)
      return false
    }
    return true
  }
}
