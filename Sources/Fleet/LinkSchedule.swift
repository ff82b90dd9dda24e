/// When a connection to the store is tried again, and when an established one is trusted. A pure state machine; times
/// are in nanoseconds.
package struct LinkSchedule: Equatable, Sendable {
  /// The pause between two attempts: the first and the longest. The actual pause is a random part of it, so that
  /// gateways that lost the store together do not return together.
  package static let firstPause: Int64 = 100_000_000
  package static let longestPause: Int64 = 10_000_000_000
  /// How long a connection must be established after a loss before it is used.
  package static let trial: Int64 = 1_000_000_000

  private var failures = 0
  /// When the next attempt is due.
  package private(set) var retryAt = Int64.min
  /// Since when the connection is established; nil if it is not.
  private var liveSince: Int64?
  private var wasLost = false
  private var isProven = false

  package init() {}

  /// Notes that the connection, or the attempt, has failed.
  package mutating func failed(at now: Int64, random: UInt64) {
    if isProven, let liveSince, now - liveSince >= LinkSchedule.trial { failures = 0 }
    isProven = false
    wasLost = true
    liveSince = nil
    let most = min(LinkSchedule.longestPause, LinkSchedule.firstPause << Int64(min(failures, 20)))
    failures += 1
    // Full jitter, but never immediately.
    retryAt = now + LinkSchedule.firstPause / 2 + Int64(random % UInt64(most))
  }

  /// Notes that the connection is established.
  package mutating func stands(at now: Int64) { liveSince = now }

  /// Notes that the connection has led to another place. That place is tried immediately, and trusted as this one was.
  package mutating func leadsOn(at now: Int64) {
    liveSince = nil
    retryAt = now
  }

  /// Notes that the store has done its work. A connection that is only established is not retried any sooner than a
  /// failed one.
  package mutating func proves() { isProven = true }

  package var isLive: Bool { liveSince != nil }

  /// From when on the connection can be used; nil while it is not established.
  package var usableFrom: Int64? { liveSince.map { wasLost ? $0 + LinkSchedule.trial : $0 } }

  package func isUsable(at now: Int64) -> Bool { usableFrom.map { now >= $0 } ?? false }
}
