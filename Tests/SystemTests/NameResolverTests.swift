import Synchronization
import System
import Testing

/// Names of upstreams, looked up beside the loops.
@Suite struct NameResolverTests {
  /// When look-ups ended.
  private final class LookUps: Sendable {
    private let times = Mutex<[Int64]>([])
    func note() { times.withLock { $0.append(SystemClock.monotonic) } }
    var all: [Int64] { times.withLock { $0 } }
  }

  /// Asks for look-ups until there were so many, for 20 s at most.
  private func lookUps(_ count: Int) async throws -> [Int64] {
    let lookUps = LookUps()
    let resolver = try NameResolver(host: "localhost", port: 1, resolved: { lookUps.note() })
    for _ in 0..<10_000 where lookUps.all.count < count {
      resolver.refresh()
      try await Task.sleep(for: .milliseconds(2))
    }
    #expect(resolver.stop(within: 10_000))
    return lookUps.all
  }

  @Test("A look-up that is asked for again and again comes once a second at most")
  func noStorm() async throws {
    let times = try await lookUps(3)
    #expect(times.count >= 3)
    for (one, next) in zip(times, times.dropFirst()) { #expect(next - one >= 1_000_000_000) }
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
      #expect(lookUps.all.count <= 1)
    }()
    #expect(seen == nil)
  }
}
