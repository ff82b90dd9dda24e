internal import CLinux
internal import Glibc

/// An open file descriptor with one owner, closed when the owner is destroyed.
package struct Descriptor: ~Copyable, Sendable {
  package let number: Int32

  /// Takes ownership of `number`, which must be open and have no other owner.
  package init(owning number: Int32) { self.number = number }

  deinit { _ = close(number) }

  /// Gives the descriptor up without closing it, to hand it to another thread.
  package consuming func release() -> Int32 {
    let number = self.number
    discard self
    return number
  }
}
