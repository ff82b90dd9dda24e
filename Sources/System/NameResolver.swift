package import Synchronization

/// Resolves one name repeatedly on a separate thread, so that an upstream may move.
///
/// After a failed look-up, the previously known addresses stay. Numeric addresses need no thread.
package final class NameResolver: Sendable {
  /// What is known of the name.
  package struct Resolution: Sendable {
    /// The addresses, in the order in which they should be tried.
    package var addresses: [SocketAddress] = []
    /// Why there are no addresses; nil while the first look-up is under way.
    package var failure: String?
    /// Changes with every look-up.
    package var version: UInt64 = 0
  }

  /// Between two look-ups of a name that resolves, in nanoseconds; the following two too.
  private static let interval: Int64 = 30_000_000_000
  /// Between two look-ups of a name that does not resolve.
  private static let intervalAfterFailure: Int64 = 2_000_000_000
  /// Before a look-up that was requested.
  private static let pauseBeforeAskedFor: Int64 = 1_000_000_000

  private let host: String
  private let port: UInt16
  private let state = Mutex(Resolution())
  private let isStopping = Atomic<Bool>(false)
  private let isAskedFor = Atomic<Bool>(false)
  private let clock: TimeSource
  private let signal: ThreadSignal
  /// Nil for a numeric address.
  private let thread: WorkerThread?
  private let resolved: @Sendable () -> Void
  /// Changes with every look-up, and is cheap to compare with the last value seen.
  package let version = Atomic<UInt64>(0)

  /// Begins to resolve `host`; `resolved` is called on another thread after every look-up.
  package init(
    host: String, port: UInt16, clock: TimeSource = .system,
    resolved: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    self.host = host
    self.port = port
    self.clock = clock
    self.resolved = resolved
    signal = try ThreadSignal()
    if let address = SocketAddress(numericHost: host, port: port) {
      thread = nil
      publish(addresses: [address], failure: nil)
    } else {
      let worker = try WorkerThread()
      thread = worker
      try worker.start("resolver") { [self] in run() }
    }
  }

  /// Knows only `addresses`, for an upstream without a name.
  package init(addresses: [SocketAddress]) throws(SystemError) {
    (host, port, clock) = ("", 0, .system)
    resolved = {}
    signal = try ThreadSignal()
    thread = nil
    publish(addresses: addresses, failure: nil)
  }

  /// What is known now.
  package var resolution: Resolution { state.withLock { $0 } }

  /// Requests a look-up soon, because connecting failed.
  package func refresh() {
    isAskedFor.store(true, ordering: .sequentiallyConsistent)
    signal.notify()
  }

  /// Ends the thread, and waits for at most `milliseconds`.
  ///
  /// - Returns: false when it is still in a look-up, which cannot be cancelled.
  @discardableResult
  package func stop(within milliseconds: Int32 = 500) -> Bool {
    let isFirst = !isStopping.exchange(true, ordering: .sequentiallyConsistent)
    guard isFirst, let thread else { return true }
    signal.notify()
    return thread.join(within: milliseconds)
  }

  private func run() {
    let turns = clock.onTurn { [signal] in signal.notify() }
    defer { withExtendedLifetime(turns) {} }
    while !isStopping.load(ordering: .sequentiallyConsistent) {
      let (addresses, failure) = SocketAddress.lookUp(
        host: host, port: port, passive: false, numericOnly: false)
      publish(addresses: addresses, failure: addresses.isEmpty ? failure : nil)
      let pause =
        addresses.isEmpty ? NameResolver.intervalAfterFailure : NameResolver.interval
      wait(until: clock.monotonic + pause, orAskedFor: true)
      guard isAskedFor.load(ordering: .sequentiallyConsistent) else { continue }
      // A requested look-up comes at the earliest after a second, however often it is requested: failing connections
      // must not cause a storm of queries.
      wait(until: clock.monotonic + NameResolver.pauseBeforeAskedFor, orAskedFor: false)
      isAskedFor.store(false, ordering: .sequentiallyConsistent)
    }
  }

  /// Waits until `time`, or until the end. With `orAskedFor`, also until a look-up is requested.
  private func wait(until time: Int64, orAskedFor: Bool) {
    while !isStopping.load(ordering: .sequentiallyConsistent), clock.monotonic < time,
      !(orAskedFor && isAskedFor.load(ordering: .sequentiallyConsistent))
    {
      signal.wait(until: time, of: clock)
    }
  }

  private func publish(addresses: [SocketAddress], failure: String?) {
    state.withLock { state in
      if !addresses.isEmpty { state.addresses = addresses }
      state.failure = failure
      state.version += 1
    }
    version.add(1, ordering: .releasing)
    resolved()
  }
}
