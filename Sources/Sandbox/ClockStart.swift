/// The initial state of the sandbox's clock, as `--clock` and `POST /sandbox/clock` specify it.
package enum ClockStart: Equatable, Sendable {
  /// `real`: the computer's clock.
  case real
  /// `frozen`, `frozen@DATE`: stopped at DATE, in milliseconds since 1970 UTC, or at its current time.
  case frozen(Int?)
  /// `+6h`: runs that many milliseconds ahead of the computer's clock.
  case ahead(Int)
  /// A date: starts there and runs.
  case running(Int)

  package static let expectation =
    "real, frozen, frozen@2026-01-01T00:00:00Z, a distance like +6h, or a date like 2026-01-01T00:00:00Z"

  /// Nil if `text` has none of the forms in ``expectation``.
  package init?(_ text: String) {
    if text == "real" {
      self = .real
    } else if text == "frozen" {
      self = .frozen(nil)
    } else if text.hasPrefix("frozen@") {
      guard let moment = ClockStart.moment(String(text.dropFirst(7))) else { return nil }
      self = .frozen(moment)
    } else if text.hasPrefix("+") {
      guard let distance = TimeSpan.milliseconds(text.dropFirst()) else { return nil }
      self = .ahead(distance)
    } else {
      guard let moment = ClockStart.moment(text) else { return nil }
      self = .running(moment)
    }
  }

  /// The date in milliseconds since 1970 UTC. Nil if `text` is not a date or is before 1970.
  static func moment(_ text: String) -> Int? {
    guard let date = Timestamp(text), date.seconds >= 0 else { return nil }
    var milliseconds = date.seconds * 1000
    if let point = text.firstIndex(of: ".") {
      let digits = text[text.index(after: point)...].prefix { $0.isASCII && $0.isNumber }
      milliseconds += Int((digits + "00").prefix(3)) ?? 0
    }
    return milliseconds <= SandboxClock.lastMoment ? milliseconds : nil
  }
}

/// Time spans as control calls write them.
enum TimeSpan {
  static let expectation = "a span of time like 500ms, 10s, 15m, 6h, 2d or 1h30m"

  /// `6h`, `90s`, `1h30m`: whole numbers, each with its unit. Nil for anything else, and for more than 8,000 years.
  static func milliseconds(_ text: some StringProtocol) -> Int? {
    let longest = SandboxClock.lastMoment
    var rest = Array(text.utf8)[...]
    var total = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0 &- 0x30 < 10 }
      guard (1...15).contains(digits.count),
        let number = Int(String(decoding: digits, as: UTF8.self))
      else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0 &- 0x30 >= 10 }
      rest = rest.dropFirst(unit.count)
      guard let factor = factors[String(decoding: unit, as: UTF8.self)] else { return nil }
      let (part, overflow) = number.multipliedReportingOverflow(by: factor)
      guard !overflow, part <= longest - total else { return nil }
      total += part
    }
    return total
  }

  private static let factors = [
    "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
  ]
}
