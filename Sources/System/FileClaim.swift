internal import CLinux
internal import Glibc

/// A file claimed for this process: no other process that asks gets it until this one ends or gives it back.
///
/// The claim stands on a file of its own beside the one that is meant, whose own locks belong to the library that
/// writes it. It is a lock of the system (`flock(2)`), so a process that was killed leaves no claim behind, only the
/// empty file.
package struct FileClaim: ~Copyable, Sendable {
  /// Why there is no claim.
  package enum Refusal: Error {
    /// Another process, or another part of this one, has it.
    case taken
    /// The file cannot be made or opened.
    case failed(SystemError)
  }

  /// What is appended to the name of the file that is meant.
  package static let suffix = ".lock"

  /// Closing it gives the claim back.
  private let file: Descriptor

  package init(on path: String) throws(Refusal) {
    // Proof: the name is a C string for the call.
    let number = unsafe open(
      path + FileClaim.suffix, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
    let reason = SystemError.current
    file = Descriptor(owning: number)
    guard number >= 0 else { throw .failed(reason) }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .taken : .failed(.current)
    }
  }
}
