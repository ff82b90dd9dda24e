/// Durations as people write them: `850 µs`, `3.2 ms`, `12 ms`, `1.4 s`, `75 s`, `14 min`, `5 h 20 min`, `3 d 4 h`.
package enum DurationText {
  /// - Parameter microseconds: a negative number counts as 0.
  package static func text(microseconds: Int64) -> String {
    // Each unit ends where rounding would give the first value of the next unit.
    switch microseconds {
    case ...0: return "0"
    case ..<1_000: return "\(microseconds) µs"
    case ..<9_950: return tenths(of: 1_000, microseconds) + " ms"
    case ..<999_500: return "\((microseconds + 500) / 1_000) ms"
    case ..<9_950_000: return tenths(of: 1_000_000, microseconds) + " s"
    case ..<119_500_000: return "\((microseconds + 500_000) / 1_000_000) s"
    default: break
    }
    let minutes = (microseconds / 1_000_000 + 30) / 60
    switch minutes {
    case ..<120: return "\(minutes) min"
    case ..<2_880: return pair(minutes, 60, "h", "min")
    default: return pair((minutes + 30) / 60, 24, "d", "h")
    }
  }

  /// - Parameter nanoseconds: a negative number counts as 0.
  package static func text(nanoseconds: Int64) -> String {
    text(microseconds: nanoseconds <= 0 ? 0 : max(1, nanoseconds / 1_000))
  }

  private static func tenths(of unit: Int64, _ count: Int64) -> String {
    let tenths = (count + unit / 20) / (unit / 10)
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func pair(_ count: Int64, _ size: Int64, _ name: String, _ rest: String) -> String
  {
    count % size == 0
      ? "\(count / size) \(name)" : "\(count / size) \(name) \(count % size) \(rest)"
  }
}
