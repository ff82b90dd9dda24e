/// When a connection to the store is tried again, and when one that stands is trusted: a pure machine, nanoseconds.
package struct LinkSchedule: Equatable, Sendable {
  /// Between two tries: at first, and at most. What is waited is a random part of it, so that gateways that lost the store
  /// together do not come back together.
  package static let firstPause: Int64 = 100_000_000
  package static let longestPause: Int64 = 10_000_000_000
  /// How long a connection has to stand after a loss before anything is built on it.
  package static let trial: Int64 = 1_000_000_000

  private var failures = 0
  /// The next try.
  package private(set) var retryAt = Int64.min
  /// Since when it stands; nil while it does not.
  private var liveSince: Int64?
  private var wasLost = false
  private var isProven = false

  package init() {}

  /// The connection, or the try, has failed.
  package mutating func failed(at now: Int64, random: UInt64) {
    if isProven, let liveSince, now - liveSince >= LinkSchedule.trial { failures = 0 }
    isProven = false
    wasLost = true
    liveSince = nil
    let most = min(LinkSchedule.longestPause, LinkSchedule.firstPause << Int64(min(failures, 20)))
    failures += 1
    // Full jitter, but never at once.
    retryAt = now + LinkSchedule.firstPause / 2 + Int64(random % UInt64(most))
  }

  /// It stands.
  package mutating func stands(at now: Int64) { liveSince = now }

  /// It stands no more, for it has led to another place, which is tried at once and trusted as it was.
  package mutating func leadsOn(at now: Int64) {
    liveSince = nil
    retryAt = now
  }

  /// It has done what it is for. One that only stands is tried again no sooner than one that does not.
  package mutating func proves() { isProven = true }

  package var isLive: Bool { liveSince != nil }

  /// From when on it can be built on; nil while it does not stand.
  package var usableFrom: Int64? { liveSince.map { wasLost ? $0 + LinkSchedule.trial : $0 } }

  package func isUsable(at now: Int64) -> Bool { usableFrom.map { now >= $0 } ?? false }
}
