/// How an app behaves after the upstream asked for a pause.
package struct RecoveryPolicy: Sendable, BitwiseCopyable {
  /// The pause after a 429 without a time, in nanoseconds. It doubles with each further such answer, up to
  /// ``longestDefaultPause``.
  package var defaultPause: Int64 = 1_000_000_000
  /// In nanoseconds.
  package var longestDefaultPause: Int64 = 60_000_000_000
  /// The longest pause that the upstream may ask for, in nanoseconds. After it, calls are sent again and show whether
  /// the upstream still refuses.
  package var longestPause: Int64 = 3_600_000_000_000
  /// After a pause the rate grows by a sixteenth in each such step, in nanoseconds.
  package var step: Int64 = 1_000_000_000
  /// The rate to which an app recovers if no limit for apps has a rate.
  package var rateWithoutLimit = LimitRule.Rate(count: 20, period: 1_000_000_000)
  /// The longest wait for the upstream's pause, in nanoseconds, of calls that arrive during it.
  package var maxWait: Int64 = 5_000_000_000
  /// The most calls of an app that may wait for its pause to end.
  package var maxQueue = 200

  package init() {}
}
