internal import CLinux
internal import Glibc
internal import System

/// The file by which callers find a Unix socket, distinguished from another socket's file of the same name.
///
/// A process that ends and its successor share the name for a while. Before a process removes the file, or announces
/// that it serves callers, it checks that the file is still its own.
package struct UnixSocketFile: Sendable, Equatable {
  package let path: String
  private let device: UInt64
  private let number: UInt64

  /// The sticky bit, which has no other meaning for a socket: the file's owner ends soon.
  static let leavingMark: mode_t = 0o1000

  /// The socket that is at `path` now; nil when there is none.
  package init?(at path: String) {
    guard let (device, number) = UnixSocketFile.identity(at: path) else { return nil }
    self.path = path
    self.device = device
    self.number = number
  }

  /// A socket of another process at `path`, with the device and inode that it had when it was made.
  package init(path: String, device: UInt64, number: UInt64) {
    self.path = path
    self.device = device
    self.number = number
  }

  /// Device and inode number.
  package var numbers: (device: UInt64, number: UInt64) { (device, number) }

  /// Whether callers that connect to the path reach this socket.
  package var isInPlace: Bool {
    UnixSocketFile.identity(at: path).map { $0 == (device, number) } ?? false
  }

  /// Removes the file, unless another one has taken its place.
  func remove() {
    let lock = FolderLock(ofFile: path)
    // Proof: the path is a C string for the call.
    if isInPlace { _ = unsafe unlink(path) }
    withExtendedLifetime(lock) {}
  }

  /// Marks the file: its owner ends, and another gateway may take the name although callers are still served. The next
  /// gateway's socket has its own file, without the mark.
  package func markLeaving() {
    let lock = FolderLock(ofFile: path)
    var status = stat()
    // Proof: the path is a C string for both calls, and the status outlives them.
    if isInPlace, unsafe lstat(path, &status) == 0 {
      _ = unsafe chmod(path, status.st_mode & 0o7777 | UnixSocketFile.leavingMark)
    }
    withExtendedLifetime(lock) {}
  }

  /// Returns a name in the same folder that no other process uses.
  static func nameBeside(_ path: String) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return folder + ".gateway-\(getpid())"
  }

  static func rename(_ path: String, to name: String) -> Bool {
    // Proof: both paths are C strings for the call.
    unsafe Glibc.rename(path, name) == 0
  }

  private static func identity(at path: String) -> (device: UInt64, number: UInt64)? {
    var status = stat()
    // Proof: the path is a C string for the call, and the status outlives it.
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
    return (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}

/// Keeps other gateways from changing a folder's content while one checks and changes it.
///
/// The lock is advisory. If the folder cannot be opened, or another process keeps the lock, things go on without it.
/// Then two processes that start at the same moment may still interfere, and readiness shows which one lost.
struct FolderLock: ~Copyable {
  private let folder: Descriptor?

  /// Attempts to get the lock, and milliseconds between two. A holder needs microseconds.
  private static let attempts = 50
  private static let pause: Int32 = 10

  init(ofFile path: String) {
    let end = path.lastIndex(of: "/")
    let name = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    // Proof: the name is a C string for the call.
    let number = unsafe open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      folder = nil
      return
    }
    // Closing it releases the lock.
    folder = Descriptor(owning: number)
    for _ in 0..<FolderLock.attempts {
      if flock(number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
      _ = poll(nil, 0, FolderLock.pause)
    }
  }
}
