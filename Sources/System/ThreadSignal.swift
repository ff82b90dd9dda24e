internal import CLinux
internal import Glibc

/// Lets one thread wait until another signals that there is something to do.
package final class ThreadSignal: Sendable {
  private let descriptor: Descriptor

  /// - Throws: when the process is out of descriptors.
  package init() throws(SystemError) {
    let number = cl_eventfd()
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Ends the current wait, or the next one if no thread is waiting.
  package func notify() {
    var one: UInt64 = 1
    // Proof: eight bytes, whose storage outlives the call.
    _ = unsafe write(descriptor.number, &one, 8)
  }

  /// Waits for ``notify()``, for at most `milliseconds`; -1 waits forever. Blocks its thread.
  ///
  /// - Returns: whether it was notified.
  @discardableResult
  package func wait(milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    // Proof: one record, whose storage outlives the call.
    guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return false }
    var count: UInt64 = 0
    // Proof: eight bytes, whose storage outlives the call.
    return unsafe read(descriptor.number, &count, 8) == 8
  }
}
