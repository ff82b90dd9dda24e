internal import CLinux
internal import Glibc

/// A file that is claimed for this process: no other process that asks gets it until this one ends or gives it back.
///
/// The claim is on a separate file beside the claimed one, because the library that writes the claimed file puts its
/// own locks on it. It is a lock of the system (`flock(2)`), so a killed process leaves no claim behind, only the empty
/// file.
package struct FileClaim: ~Copyable, Sendable {
  /// Why there is no claim.
  package enum Refusal: Error {
    /// Another process, or another part of this one, holds the claim.
    case taken
    /// The file cannot be created or opened.
    case failed(SystemError)
  }

  /// The suffix that the claim's file adds to the claimed file's name.
  package static let suffix = ".lock"

  /// Closing it gives the claim back.
  private let file: Descriptor

  package init(on path: String) throws(Refusal) {
    // Proof: the name is a C string for the call.
    let number = unsafe open(
      path + FileClaim.suffix, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
    guard number >= 0 else { throw .failed(.current) }
    let file = Descriptor(owning: number)
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .taken : .failed(.current)
    }
    self.file = file
  }
}
