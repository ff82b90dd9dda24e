internal import CLibcurl
internal import Glibc

/// A thread of its own for work that waits in C, away from Swift's cooperative pool.
///
/// It takes no signals: those are for the thread that drains the gateway.
@safe struct ServiceThread: Sendable {
  private let id: pthread_t

  /// Starts `body` on a new thread called `name` (at most 15 bytes); nil when the system has none.
  init?(named name: String, _ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
      let name: String
      let body: @Sendable () -> Void
      init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
      }
    }
    let start = unsafe Unmanaged.passRetained(Start(name, body))
    var all = sigset_t()
    var before = sigset_t()
    var made = pthread_t()
    // Proof: both sets outlive the calls. The new thread inherits the mask, so no signal slips in.
    _ = unsafe sigfillset(&all)
    _ = unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    // Proof: the retained `start` is taken back once, by the thread or, if there is none, below.
    let failure = unsafe pthread_create(
      &made, nil,
      { context in
        if let context = unsafe context {
          let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
          unsafe cc_name_thread(start.name)
          start.body()
        }
        return nil
      }, start.toOpaque())
    _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard failure == 0 else {
      unsafe start.release()
      return nil
    }
    id = made
  }

  /// Waits for the thread's end, at most `milliseconds`. Call it once.
  ///
  /// - Returns: false when the thread still runs; it is then left to end by itself.
  func join(within milliseconds: Int) -> Bool {
    cc_join_thread(id, milliseconds) == 0
  }
}
