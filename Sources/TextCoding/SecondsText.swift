/// Durations as listings and answers in JSON give them.
package enum SecondsText {
  /// Nanoseconds as seconds with three digits behind the point, rounded; `0.000` for what is negative.
  package static func of(nanoseconds: Int64) -> String {
    let milliseconds = (max(0, nanoseconds) + 500_000) / 1_000_000
    let digits = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }
}
