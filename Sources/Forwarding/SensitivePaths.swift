internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// Finds paths that an upstream could take for a sensitive operation although the catalogue's matcher, which is
/// exact, does not: other case, percent-encoding, an encoded slash, a method in another spelling.
///
/// Only asked for requests that are forwarded without being known.
struct SensitivePaths: Sendable {
  /// Each path's segments in lower case; nil for a parameter.
  private let templates: [[[UInt8]?]]
  /// How often an upstream, and what stands before it, might decode.
  private static let rounds = 3

  init() {
    var templates: [[[UInt8]?]] = []
    for operation in OperationTable.all where operation.isSensitive {
      let segments = operation.template.description.lowercased().split(separator: "/")
      templates.append(segments.map { $0.hasPrefix("{") ? nil : Array($0.utf8) })
    }
    self.templates = templates
  }

  /// Whether some reading of `path` has a sensitive operation's path in it, below any other.
  func hide(in path: RawSpan) -> Bool {
    readings(of: path) { segments in
      for template in templates where template.count <= segments.count {
        for first in 0...(segments.count - template.count)
        where SensitivePaths.matches(template, segments[first...].prefix(template.count)) {
          return true
        }
      }
      return false
    }
  }

  private static func matches(_ template: [[UInt8]?], _ segments: ArraySlice<[UInt8]>) -> Bool {
    for (literal, segment) in zip(template, segments) {
      if let literal, literal != segment { return false }
    }
    return true
  }

  /// Tries `judge` with the segments as they stand, and then as often decoded as they might be.
  private func readings(of path: RawSpan, judge: ([[UInt8]]) -> Bool) -> Bool {
    var bytes = path.copied()
    for _ in 0...SensitivePaths.rounds {
      if judge(SensitivePaths.segments(of: bytes)) { return true }
      guard bytes.contains(UInt8(ascii: "%")) else { return false }
      bytes = SensitivePaths.decoded(bytes)
    }
    return false
  }

  /// In lower case, without parameters behind a semicolon and without the space that some cut off.
  private static func segments(of bytes: [UInt8]) -> [[UInt8]] {
    let separators = [UInt8(ascii: "/"), UInt8(ascii: "\\")]
    return bytes.split { separators.contains($0) }.map { segment in
      var name = segment.prefix { $0 != UInt8(ascii: ";") }.map { byte in
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
      }
      while let last = name.last, last == 0x20 || last == UInt8(ascii: ".") { name.removeLast() }
      return name
    }
  }

  private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "%"), i + 2 < bytes.count,
        let high = bytes[i + 1].hexadecimalValue, let low = bytes[i + 2].hexadecimalValue
      {
        result.append(high << 4 | low)
        i += 3
      } else {
        result.append(bytes[i])
        i += 1
      }
    }
    return result
  }
}
