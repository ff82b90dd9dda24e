/// A value written as one word in the configuration: a duration, a size, a count.
protocol ConfigurationValue: Comparable, Sendable {
  /// The value that `text` spells; nil if it spells none.
  init?(configurationText text: String)
  /// The value as it is written in the file and in the documentation.
  var configurationText: String { get }
  /// What is expected, for messages: "a duration like 500ms, 10s …".
  static var expectation: String { get }
}

/// A decimal number followed by letters: `15m`, `64KiB`, `7`.
struct NumberWithUnit {
  let number: Int64
  let unit: Substring

  /// Nil unless `text` starts with 1 to 18 digits.
  init?(_ text: String) {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    guard (1...18).contains(digits.count), let number = Int64(Substring(digits)) else { return nil }
    self.number = number
    unit = text[digits.endIndex...]
  }

  /// The number times `factor`; nil if the product exceeds 63 bits.
  func times(_ factor: Int64) -> Int64? {
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}

extension Int: ConfigurationValue {
  static var expectation: String { "a whole number like 20" }

  init?(configurationText text: String) {
    guard let value = NumberWithUnit(text), value.unit.isEmpty else { return nil }
    self = Int(value.number)
  }

  var configurationText: String { String(self) }
}

extension Duration: ConfigurationValue {
  static var expectation: String { "a duration like 500ms, 10s, 1m, 2h or 30d" }

  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000),
  ]

  /// A whole number with its unit, which is required: `500ms`, `10s`, `1m`, `2h`, `30d`.
  init?(configurationText text: String) {
    guard let value = NumberWithUnit(text),
      let unit = Duration.units.first(where: { $0.name == value.unit }),
      let nanoseconds = value.times(unit.nanoseconds)
    else { return nil }
    self = .nanoseconds(nanoseconds)
  }

  /// The duration that `text` spells as in the configuration, for commands and pages; nil if it spells none.
  package static func read(_ text: String) -> Duration? { Duration(configurationText: text) }

  var configurationText: String {
    if nanoseconds == 0 { return "0s" }
    for unit in Duration.units where nanoseconds % unit.nanoseconds == 0 {
      return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
    return "\(nanoseconds / 1_000_000)ms"
  }
}

extension Duration {
  /// The whole duration in nanoseconds. Exact for every duration that this module decodes (under 292 years).
  package var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

/// A number of bytes.
package struct ByteSize: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// 0 or more.
  package let bytes: Int

  package init(_ bytes: Int) { self.bytes = bytes }

  package static func < (a: ByteSize, b: ByteSize) -> Bool { a.bytes < b.bytes }

  package var description: String { configurationText }
}

extension ByteSize: ConfigurationValue {
  static var expectation: String { "a size like 64KiB, 10MiB or 2GiB, or a number of bytes" }

  private static let units: [(name: String, bytes: Int64)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1),
  ]

  /// `64KiB`, `10MiB`, `2GiB`, `1TiB`, or plain bytes. `MB` is refused because it is ambiguous.
  init?(configurationText text: String) {
    guard let value = NumberWithUnit(text),
      let unit = ByteSize.units.first(where: { $0.name == value.unit }),
      let bytes = value.times(unit.bytes)
    else { return nil }
    self.init(Int(bytes))
  }

  var configurationText: String {
    for unit in ByteSize.units where Int64(bytes) % unit.bytes == 0 && bytes != 0 {
      return unit.bytes == 1 ? String(bytes) : "\(Int64(bytes) / unit.bytes)\(unit.name)"
    }
    return "0"
  }
}
