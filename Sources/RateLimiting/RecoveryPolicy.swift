/// How an app behaves after the upstream asked for a pause.
package struct RecoveryPolicy: Sendable, BitwiseCopyable {
  /// Pause after a 429 that does not say how long, nanoseconds. It doubles while such answers follow one
  /// another, up to ``longestDefaultPause``.
  package var defaultPause: Int64 = 1_000_000_000
  /// Nanoseconds.
  package var longestDefaultPause: Int64 = 60_000_000_000
  /// Longest pause the upstream may ask for, nanoseconds: after it we ask again, and hear if it still means it.
  package var longestPause: Int64 = 3_600_000_000_000
  /// After a pause the rate grows by a sixteenth in each such time, nanoseconds.
  package var step: Int64 = 1_000_000_000
  /// What an app recovers to when no limit of its own has a rate.
  package var rateWithoutLimit = LimitRule.Rate(count: 20, period: 1_000_000_000)
  /// Longest wait for the upstream's pause, nanoseconds, for calls that arrive during it.
  package var maxWait: Int64 = 5_000_000_000
  /// Calls of an app that may wait for its pause to end.
  package var maxQueue = 200

  package init() {}
}
