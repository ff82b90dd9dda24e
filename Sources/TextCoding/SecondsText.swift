/// Durations as in listings and in JSON answers.
package enum SecondsText {
  /// Nanoseconds as seconds with three digits after the point, rounded; `0.000` for negative values.
  package static func of(nanoseconds: Int64) -> String {
    let milliseconds = (max(0, nanoseconds) + 500_000) / 1_000_000
    let digits = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }
}
