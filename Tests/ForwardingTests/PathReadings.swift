/// An independent, slow model of how servers read a path: every combination of the transformations known
/// to hide dot segments. It shares no code with the policy that it judges.
enum PathReadings {
  /// One way to read a path.
  struct Reading: CustomStringConvertible {
    /// How often percent-encoding is decoded.
    var decodings: Int
    var overlong: Bool
    var backslash: Bool
    var parameters: Bool
    var cutsAtNUL: Bool

    var description: String {
      "decoded \(decodings)x\(overlong ? ", overlong" : "")\(backslash ? ", backslash" : "")"
        + "\(parameters ? ", parameters" : "")\(cutsAtNUL ? ", NUL" : "")"
    }
  }

  static let all: [Reading] = (0...3).flatMap { decodings in
    (0..<16).map { bits in
      Reading(
        decodings: decodings, overlong: bits & 1 != 0, backslash: bits & 2 != 0,
        parameters: bits & 4 != 0, cutsAtNUL: bits & 8 != 0)
    }
  }

  /// The first reading under which `target` leaves `base`; nil when there is none.
  static func escape(of target: String, from base: String) -> Reading? {
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    let base = base.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
    return all.first { reading in
      guard let segments = segments(of: read(Array(path), reading)) else { return true }
      return !segments.starts(with: base)
    }
  }

  private static func read(_ path: [UInt8], _ reading: Reading) -> [UInt8] {
    var bytes = path
    for _ in 0..<reading.decodings { bytes = decoded(bytes) }
    if reading.overlong { bytes = withoutOverlongForms(bytes) }
    if reading.backslash { bytes = bytes.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 } }
    if reading.parameters { bytes = withoutParameters(bytes) }
    if reading.cutsAtNUL { bytes = Array(bytes.prefix { $0 != 0 }) }
    return bytes
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

  /// The segments once dot segments are worked out; nil when they climb above the root.
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
