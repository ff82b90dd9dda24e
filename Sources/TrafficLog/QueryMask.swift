internal import JSONText
package import Memory
internal import SCORMCloudAPI

/// A query in the form in which it may be logged. A value is shown if the catalogue knows the parameter and its values
/// are harmless; every other value becomes `***`. So does text that is not a parameter, because it may itself be a
/// credential.
///
/// `;` and `?` separate parameters like `&`, because some servers read them so. Otherwise text after one of them would
/// pass as part of a harmless value.
package struct QueryMask: Sendable {
  /// Whether to show values of parameters outside the API, unless their names suggest a secret or a person.
  private let showsUnknown: Bool

  /// Bytes of a query after which no further parameter is logged, and the longest logged text of a value.
  private static let limit = 2048
  /// Longest logged text of an unknown parameter's name, in bytes: longer than real names.
  private static let nameLimit = 64

  package init(showsUnknown: Bool = false) { self.showsUnknown = showsUnknown }

  /// Appends `query`, without its `?`, as the inside of a JSON string.
  package func put(_ query: RawSpan, into out: inout ByteBuffer) {
    let count = query.byteCount
    var start = 0
    while true {
      let equals = QueryMask.firstTelling(query, from: start)
      var end = equals
      while end < count, query[end] == UInt8(ascii: "=") {
        end = QueryMask.firstTelling(query, from: end &+ 1)
      }
      let name = query.slice(start, equals)
      if equals < end {
        put(name, query.slice(equals &+ 1, end), into: &out)
      } else {
        put(bare: name, into: &out)
      }
      if end == count { return }
      out.put(query[end])
      start = end &+ 1
      if start > QueryMask.limit { return out.put("\u{2026}") }
    }
  }

  private func put(_ name: RawSpan, _ value: RawSpan, into out: inout ByteBuffer) {
    if QueryParameters.mayShow(name) {
      out.put(name)
      out.put(UInt8(ascii: "="))
      guard QueryMask.isPlain(value) else { return out.put("***") }
      out.put(escapingForJSON: value, limit: QueryMask.limit)
    } else {
      putDoubtful(name, value, into: &out)
    }
  }

  @inline(never)
  private func putDoubtful(_ name: RawSpan, _ value: RawSpan, into out: inout ByteBuffer) {
    if QueryParameters.mustHide(name) {
      out.put(name)
      return out.put("=***")
    }
    // Base64 ends in `=`, so a bare token looks like a name without a value.
    if QueryMask.isBlank(value) { return put(bare: name, into: &out) }
    out.put(escapingForJSON: name, limit: QueryMask.nameLimit)
    out.put(UInt8(ascii: "="))
    if showsUnknown, !QueryMask.tells(name), QueryMask.isPlain(value) {
      out.put(escapingForJSON: value, limit: QueryMask.limit)
    } else {
      out.put("***")
    }
  }

  private func put(bare text: RawSpan, into out: inout ByteBuffer) {
    if text.byteCount == 0 || QueryParameters.mayShow(text) || QueryParameters.mustHide(text) {
      out.put(text)
    } else {
      out.put("***")
    }
  }

  private static func isBlank(_ value: RawSpan) -> Bool {
    for i in 0..<value.byteCount where value[i] != UInt8(ascii: "=") { return false }
    return true
  }

  /// Whether `value` contains no parameters behind an escape: `%3Ftoken%3Dx`, or `%253D` for a server that decodes
  /// twice.
  private static func isPlain(_ value: RawSpan) -> Bool {
    var at = value.firstIndex(of: UInt8(ascii: "%"), from: 0)
    while at < value.byteCount {
      let escape = value.slice(at &+ 1, min(at &+ 3, value.byteCount))
      if escape.equalsIgnoringCase("3d") || escape.equals("25") { return false }
      at = value.firstIndex(of: UInt8(ascii: "%"), from: at &+ 1)
    }
    return true
  }

  /// Names that suggest a secret or a person in a query, though not in a body; in lower case.
  private static let hidden: [[UInt8]] = [
    "filter", "registrationid", "cssurl", "reporturl", "code",
  ]
  .map { Array($0.utf8) }

  /// Whether an unknown parameter's name suggests a secret or a person. An escaped name could be anything.
  private static func tells(_ name: RawSpan) -> Bool {
    if name.firstIndex(of: UInt8(ascii: "%"), from: 0) < name.byteCount { return true }
    return HiddenNames.hides(name, ofLearner: false)
      || hidden.contains(name.copied().map(\.asciiLowercased))
  }

  /// The offset of the first of `& = ; ?` at or after `start`; the query's length if there is none.
  @inline(__always)
  private static func firstTelling(_ query: RawSpan, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var i = start
    while i < query.byteCount {
      let end = min(i &+ 8, query.byteCount)
      let word = query.word(from: i, to: end)
      // The lowest top bit set in each term belongs to the first matching byte (Anderson, Bit Twiddling Hacks).
      let ampersand = word ^ (ones &* 0x26)
      let equals = word ^ (ones &* 0x3D)
      // `;` and `?` differ in one bit.
      let other = (word | (ones &* 0x04)) ^ (ones &* 0x3F)
      let hit =
        ((ampersand &- ones) & ~ampersand | (equals &- ones) & ~equals | (other &- ones) & ~other)
        & (ones &* 0x80)
      if hit != 0 { return i &+ (hit.trailingZeroBitCount &>> 3) }
      i = end
    }
    return i
  }
}
