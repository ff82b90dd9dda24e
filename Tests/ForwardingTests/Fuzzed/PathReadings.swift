import SCORMCloudAPI

/// An independent, slow model of how servers interpret a path: every combination of the transformations known to hide
/// dot segments. It shares no code with the policy that it judges.
enum PathReadings {
  /// An interpretation in which `target` leaves `base`, as the resulting path; nil if there is none.
  static func escape(of target: String, from base: String) -> String? {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let base = base.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
    let escape = readings(of: Array(path)).first { reading in
      guard let segments = segments(of: reading) else { return true }
      return !segments.starts(with: base)
    }
    return escape.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The raw path, and the path decoded up to three times, each with any combination of: overlong forms resolved,
  /// backslashes replaced by slashes, parameters removed, everything after a NUL removed. These are 64 combinations,
  /// without those that change nothing.
  static func readings(of path: [UInt8]) -> [[UInt8]] {
    var result = [path]
    for _ in 0..<3 {
      let next = decoded(result[result.count - 1])
      if next != result[result.count - 1] { result.append(next) }
    }
    let transformations: [([UInt8]) -> [UInt8]] = [
      withoutOverlongForms,
      { $0.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 } },
      withoutParameters,
      { Array($0.prefix { $0 != 0 }) },
    ]
    for transformation in transformations {
      for reading in result {
        let other = transformation(reading)
        if other != reading { result.append(other) }
      }
    }
    return result
  }

  /// An interpretation in which `target` contains the path of an operation whose answer is a secret, in any letter case
  /// and with suffixes that some servers remove from a name; nil if there is none.
  static func sensitive(in target: String) -> String? {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let sensitive = OperationTable.all.filter(\.isSensitive).map {
      $0.template.description.lowercased().split(separator: "/").map { Array($0.utf8) }
    }
    let reading = readings(of: Array(path)).first { reading in
      let segments = reading.split(separator: UInt8(ascii: "/")).map { segment -> [UInt8] in
        let name = segment.drop { $0 == 0x20 }.prefix { $0 != UInt8(ascii: ".") && $0 != 0x20 }
        return name.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
      }
      return sensitive.contains { template in
        segments.indices.contains { first in
          first + template.count <= segments.count
            && zip(template, segments[first...]).allSatisfy {
              $0.first == UInt8(ascii: "{") || $0 == $1
            }
        }
      }
    }
    return reading.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
        let value = UInt8(digits, radix: 16)
      {
        result.append(value)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return result
  }

  private static let overlongForms: [([UInt8], UInt8)] = [
    ([0xC0, 0xAF], UInt8(ascii: "/")), ([0xE0, 0x80, 0xAF], UInt8(ascii: "/")),
    ([0xF0, 0x80, 0x80, 0xAF], UInt8(ascii: "/")), ([0xC0, 0xAE], UInt8(ascii: ".")),
    ([0xE0, 0x80, 0xAE], UInt8(ascii: ".")), ([0xF0, 0x80, 0x80, 0xAE], UInt8(ascii: ".")),
    ([0xC1, 0x9C], UInt8(ascii: "\\")), ([0xEF, 0xBC, 0x8F], UInt8(ascii: "/")),
    ([0xEF, 0xBC, 0x8E], UInt8(ascii: ".")), ([0xEF, 0xBC, 0xBC], UInt8(ascii: "\\")),
  ]

  private static func withoutOverlongForms(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.first {
      if let (form, meaning) = overlongForms.first(where: { rest.starts(with: $0.0) }) {
        result.append(meaning)
        rest = rest.dropFirst(form.count)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private static func withoutParameters(_ bytes: [UInt8]) -> [UInt8] {
    bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { $0.prefix { $0 != UInt8(ascii: ";") } }
      .joined(separator: [UInt8(ascii: "/")]).map { $0 }
  }

  /// The segments after resolving dot segments; nil if they climb above the root.
  private static func segments(of path: [UInt8]) -> [[UInt8]]? {
    var result: [[UInt8]] = []
    for segment in path.split(separator: UInt8(ascii: "/")).map(Array.init) {
      switch segment {
      case Array(".".utf8): continue
      case Array("..".utf8):
        if result.popLast() == nil { return nil }
      default: result.append(segment)
      }
    }
    return result
  }
}
