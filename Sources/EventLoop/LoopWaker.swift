internal import CLinux
internal import Glibc
internal import Synchronization
package import System

/// Wakes an event loop from any thread. Several calls before the loop reacts cause only one wake-up.
package final class LoopWaker: Sendable {
  let descriptor: Descriptor
  private let pending = Atomic<Bool>(false)

  /// - Throws: when the process is out of descriptors.
  package init() throws(SystemError) {
    let number = cl_eventfd()
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Makes the loop call its handler's ``EventHandler/woken(on:)`` soon.
  package func wake() {
    guard !pending.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var one: UInt64 = 1
    // Proof: eight bytes, as eventfd(2) requires. An interrupted write has written nothing.
    while unsafe write(descriptor.number, &one, 8) < 0, errno == EINTR {}
  }

  /// Ends the loop's wait and nothing else, because the clock was changed.
  func interrupt() {
    var one: UInt64 = 1
    // Proof: as in `wake`.
    while unsafe write(descriptor.number, &one, 8) < 0, errno == EINTR {}
  }

  /// Takes the wake-up. What was posted before it is visible afterwards.
  ///
  /// - Returns: whether ``wake()`` was called, so that the handler must be called.
  func acknowledge() -> Bool {
    var count: UInt64 = 0
    _ = unsafe read(descriptor.number, &count, 8)
    // Synchronizes with every call of `wake` that found the flag set and wrote nothing.
    return pending.exchange(false, ordering: .acquiringAndReleasing)
  }
}

/// Messages for an event loop, from any thread.
package final class LoopMailbox<Message: Sendable>: Sendable {
  package let waker: LoopWaker
  private let messages = Mutex<[Message]>([])

  package init() throws(SystemError) { waker = try LoopWaker() }

  /// Posts a message and wakes the loop.
  package func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    waker.wake()
  }

  /// Takes all messages, oldest first.
  package func takeAll() -> [Message] {
    messages.withLock { waiting in
      let taken = waiting
      waiting = []
      return taken
    }
  }
}
