import Foundation
import Synchronization
import System
import Testing

/// The names of upstreams, resolved on a separate thread.
@Suite struct NameResolverTests {
  /// The actions of a resolver, one after the other.
  private enum Deed: Equatable {
    case lookUp
    case waits(Int64)
  }

  private final class Deeds: Sendable {
    private let all = Mutex<[Deed]>([])
    private let there = DispatchSemaphore(value: 0)

    func add(_ deed: Deed) {
      all.withLock { $0.append(deed) }
      there.signal()
    }

    /// The next action; nil if none comes within ten seconds.
    func next() -> Deed? {
      guard there.wait(timeout: .now() + 10) == .success else { return nil }
      return all.withLock { $0.removeFirst() }
    }
  }

  @Test("A look-up that is asked for again and again comes once a second at most")
  func noStorm() async throws {
    try await onOwnThread {
      let second: Int64 = 1_000_000_000
      let deeds = Deeds()
      let clock = TurnedClock(aboutToWait: { deeds.add(.waits($0)) })
      let start = clock.monotonic
      let resolver = try NameResolver(
        host: "localhost", port: 1, clock: TimeSource(clock), resolved: { deeds.add(.lookUp) })
      #expect(deeds.next() == .lookUp)
      #expect(deeds.next() == .waits(start + 30 * second))
      clock.turn(by: 5 * second)
      #expect(deeds.next() == .waits(start + 30 * second))
      resolver.refresh()
      #expect(deeds.next() == .waits(start + 6 * second))
      // However often it is asked to refresh, it waits for the same moment.
      for _ in 0..<3 {
        resolver.refresh()
        #expect(deeds.next() == .waits(start + 6 * second))
      }
      clock.turn(by: second - 1)
      #expect(deeds.next() == .waits(start + 6 * second))
      clock.turn(by: 1)
      #expect(deeds.next() == .lookUp)
      #expect(deeds.next() == .waits(start + 36 * second), "what was asked for meanwhile is done")
      #expect(resolver.stop(within: 10_000))
    }
  }

  @Test("A name is looked up again after 30 s, without anybody asking")
  func again() async throws {
    try await onOwnThread {
      let deeds = Deeds()
      let clock = TurnedClock(aboutToWait: { deeds.add(.waits($0)) })
      let resolver = try NameResolver(
        host: "localhost", port: 1, clock: TimeSource(clock), resolved: { deeds.add(.lookUp) })
      #expect(deeds.next() == .lookUp)
      _ = deeds.next()
      clock.turn(by: 30_000_000_000)
      #expect(deeds.next() == .lookUp)
      #expect(resolver.stop(within: 10_000))
    }
  }

  /// Counts look-ups.
  private final class LookUps: Sendable {
    let count = Atomic<Int>(0)
    func note() { count.wrappingAdd(1, ordering: .relaxed) }
  }

  @Test("A resolver that has stopped looks nothing up any more, and lets go of what it calls")
  func stop() throws {
    weak var seen: LookUps?
    try {
      let lookUps = LookUps()
      seen = lookUps
      let resolver = try NameResolver(host: "localhost", port: 1, resolved: { lookUps.note() })
      #expect(resolver.stop(within: 10_000))
      resolver.refresh()
      #expect(lookUps.count.load(ordering: .relaxed) <= 1)
    }()
    #expect(seen == nil)
  }
}

/// Runs `body`, which blocks, off the cooperative pool.
private func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
