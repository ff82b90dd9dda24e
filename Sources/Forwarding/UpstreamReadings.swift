internal import HTTPMessages
internal import Memory

/// The ways an upstream and the proxies before it may read a path: decoded zero to three times, before or after it is
/// split into segments, with or without other characters as slashes.
///
/// For the few paths that are forwarded without being an operation of the catalogue, not for every request.
enum UpstreamReadings {
  /// How many times the upstream and the proxies before it might decode.
  private static let rounds = 3

  /// Whether `judge` returns true for the segments under any reading.
  static func contains(_ path: RawSpan, where judge: ([ReadSegment]) -> Bool) -> Bool {
    var whole = path.copied()
    for cut in 0...rounds {
      for splitsOtherSlashes in [false, true] {
        var segments = split(whole, atOtherSlashes: splitsOtherSlashes)
        for _ in cut...rounds {
          if judges(segments, judge) { return true }
          guard segments.contains(where: { $0.contains(UInt8(ascii: "%")) }) else { break }
          segments = segments.map(decoded)
        }
      }
      guard whole.contains(UInt8(ascii: "%")) else { return false }
      whole = decoded(whole)
    }
    return false
  }

  /// Judges the segments with those that have no name, such as blanks, and without them.
  private static func judges(_ pieces: [[UInt8]], _ judge: ([ReadSegment]) -> Bool) -> Bool {
    let segments = pieces.map(ReadSegment.init)
    if judge(segments) { return true }
    return segments.contains(where: \.isEmpty) && judge(segments.filter { !$0.isEmpty })
  }

  private static func split(_ bytes: [UInt8], atOtherSlashes: Bool) -> [[UInt8]] {
    guard atOtherSlashes else { return bytes.split(separator: UInt8(ascii: "/")).map(Array.init) }
    return FullWidth.folded(bytes)
      .split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.map(Array.init)
  }

  /// Percent-decodes (RFC 3986 section 2.1), including `%u002F`, which some servers accept. What is not an escape is
  /// kept.
  private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "%"), let value = number(bytes, from: i + 1, digits: 2) {
        result.append(UInt8(truncatingIfNeeded: value))
        i += 3
      } else if bytes[i] == UInt8(ascii: "%"), i + 1 < bytes.count,
        bytes[i + 1].asciiLowercased == UInt8(ascii: "u"),
        let value = number(bytes, from: i + 2, digits: 4)
      {
        result += Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
        i += 6
      } else {
        result.append(bytes[i])
        i += 1
      }
    }
    return result
  }

  /// The value of the hexadecimal `digits` at `start`.
  private static func number(_ bytes: [UInt8], from start: Int, digits: Int) -> UInt32? {
    guard start + digits <= bytes.count else { return nil }
    var value: UInt32 = 0
    for i in start..<(start + digits) {
      guard let digit = bytes[i].hexadecimalValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}

/// The name in a segment: without blanks and punctuation at its start, and without what many servers cut off, such as
/// `;v=1`, `.json`, a dot or a space.
struct ReadSegment {
  /// Letters and digits in lower case, `-` and `_`; ``any`` for a character that is not ASCII.
  private let name: [UInt8]
  /// Whether some character of it is ASCII.
  let isPlain: Bool

  /// Matches up to three characters: `ſ`, `K` and ligatures turn into ASCII under some foldings, and marks vanish.
  private static let any: UInt8 = 0xFF

  init(_ bytes: [UInt8]) {
    var name: [UInt8] = []
    for byte in FullWidth.folded(bytes) {
      // One mark for each character: continuation bytes do not start one.
      if byte & 0xC0 == 0x80 { continue }
      let lower = byte.asciiLowercased
      if byte >= 0x80 {
        name.append(ReadSegment.any)
      } else if lower &- 0x61 < 26 || lower &- 0x30 < 10 || lower == UInt8(ascii: "-")
        || lower == UInt8(ascii: "_")
      {
        name.append(lower)
      } else if !name.isEmpty {
        break
      }
    }
    self.name = name
    isPlain = name.contains { $0 != ReadSegment.any }
  }

  var isEmpty: Bool { name.isEmpty }

  /// Whether it can be read as `literal`, which is in lower case and has fewer than 60 bytes.
  func reads(as literal: [UInt8]) -> Bool {
    // Bit i: what was read so far may be the first i bytes.
    var reached: UInt64 = 1
    for byte in name {
      if byte == ReadSegment.any {
        reached |= reached << 1 | reached << 2 | reached << 3
      } else {
        var next: UInt64 = 0
        for (i, expected) in literal.enumerated()
        where expected == byte && reached >> UInt64(i) & 1 != 0 {
          next |= 1 << UInt64(i + 1)
        }
        reached = next
      }
      if reached == 0 { return false }
    }
    return reached >> UInt64(literal.count) & 1 != 0
  }
}

/// Full-width forms, U+FF01 to U+FF5E, which some servers fold to ASCII.
private enum FullWidth {
  static func folded(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(0xEF) else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      if bytes[i] == 0xEF, i + 2 < bytes.count {
        switch (bytes[i + 1], bytes[i + 2]) {
        case (0xBC, 0x81...0xBF):
          result.append(bytes[i + 2] - 0x60)
          i += 3
          continue
        case (0xBD, 0x80...0x9E):
          result.append(bytes[i + 2] - 0x20)
          i += 3
          continue
        default: break
        }
      }
      result.append(bytes[i])
      i += 1
    }
    return result
  }
}
