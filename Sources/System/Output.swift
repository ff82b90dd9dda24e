internal import Glibc

/// Standard output, which is buffered when it is not a terminal.
package enum Output {
  /// Writes buffered output, so that a reader at the other end of a pipe sees it now.
  package static func flush() { _ = fflush(nil) }
}
