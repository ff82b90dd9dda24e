/// How many calls may start in a period: `100/1m`.
package struct CallRate: Sendable, Equatable {
  /// Calls in one period, 1 to 1,000,000.
  package let count: Int
  /// The period, from 1 ms to 1 day.
  package let period: Duration

  static let counts = 1...1_000_000
  static let periods = Duration.milliseconds(1) ... .seconds(86_400)
  static let expectation = "a rate like 100/1m: calls, a slash, a duration"

  package init(count: Int, period: Duration) {
    self.count = count
    self.period = period
  }

  /// Nil unless `text` is a count, a slash and a duration. The caller checks the ranges.
  init?(configurationText text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(configurationText: String(parts[0])),
      let period = Duration(configurationText: String(parts[1]))
    else { return nil }
    self.init(count: count, period: period)
  }

  var isInRange: Bool {
    CallRate.counts.contains(count) && CallRate.periods.contains(period)
  }
}
