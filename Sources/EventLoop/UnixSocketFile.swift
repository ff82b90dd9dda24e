internal import CLinux
internal import Glibc
internal import System

/// The file by which callers find a Unix socket, told from another socket's under the same name.
///
/// A process that ends and its successor share the name for a while: whoever removes the file, or says that
/// callers can come, looks at whether it is still its own.
package struct UnixSocketFile: Sendable, Equatable {
  package let path: String
  private let device: UInt64
  private let number: UInt64

  /// The sticky bit, which means nothing for a socket otherwise: its owner ends soon.
  static let leavingMark: mode_t = 0o1000

  /// The socket that is at `path` now; nil when there is none.
  package init?(at path: String) {
    guard let (device, number) = UnixSocketFile.identity(at: path) else { return nil }
    self.path = path
    self.device = device
    self.number = number
  }

  /// A socket of another process at `path`, by the numbers that it had when it was made.
  package init(path: String, device: UInt64, number: UInt64) {
    self.path = path
    self.device = device
    self.number = number
  }

  /// Device and inode.
  package var numbers: (device: UInt64, number: UInt64) { (device, number) }

  /// Whether callers who connect to the path reach this socket.
  package var isInPlace: Bool {
    UnixSocketFile.identity(at: path).map { $0 == (device, number) } ?? false
  }

  /// Removes the file, unless another one has its place.
  func remove() {
    let lock = FolderLock(ofFile: path)
    // Proof: the path is a C string for the call.
    if isInPlace { _ = unsafe unlink(path) }
    withExtendedLifetime(lock) {}
  }

  /// Says at the file that its owner ends, and that another gateway may have the name although callers are still
  /// served. The next one's socket has a file of its own, without the mark.
  package func markLeaving() {
    let lock = FolderLock(ofFile: path)
    var status = stat()
    // Proof: the path is a C string for both calls, and the status outlives them.
    if isInPlace, unsafe lstat(path, &status) == 0 {
      _ = unsafe chmod(path, status.st_mode & 0o7777 | UnixSocketFile.leavingMark)
    }
    withExtendedLifetime(lock) {}
  }

  /// A name in the same folder that no other process uses.
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

/// Keeps other gateways from changing what stands in a folder, for the moment in which one looks and changes.
///
/// It is advice: where the folder cannot be opened, or somebody keeps the lock, things go on without it. Then two
/// processes that start at the same instant may still get into each other's way, and readiness tells the one
/// that lost.
struct FolderLock: ~Copyable {
  private let folder: Descriptor?

  /// Looks for the lock, and milliseconds between two: a holder needs microseconds.
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
    // Closing it gives the lock back.
    folder = Descriptor(owning: number)
    for _ in 0..<FolderLock.attempts {
      if flock(number, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
      _ = poll(nil, 0, FolderLock.pause)
    }
  }
}
