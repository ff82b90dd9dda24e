internal import JSONText
package import Memory

/// What the gateway reads in the answers of job operations.
package enum JobAnswer {
  /// The most bytes of a text that is read: an id is part of a path, and a status is a word.
  private static let textLimit = 256

  /// The text of the member `name` in the object `body`; nil for anything else. If there are two, the last one counts.
  package static func member(_ name: StaticString, of body: borrowing ByteBuffer) -> [UInt8]? {
    var found: [UInt8]?
    do throws(JSONDefect) {
      var cursor = JSONCursor(body.bytes, depthLimit: 64)
      try cursor.beginObject()
      while let member = try cursor.nextMember() {
        let isWanted = JSONString.text(of: cursor.slice(member), equals: name)
        let value = try cursor.value()
        if isWanted {
          found =
            value.kind == .string && value.range.count <= textLimit
            ? JSONString.text(of: cursor.slice(value.range)) : nil
        }
        try cursor.skip(value)
      }
      try cursor.end()
    } catch { return nil }
    return found.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Appends `text` as one segment of a path. Everything but unreserved characters is escaped (RFC 3986 section 2.3).
  package static func putSegment(_ text: [UInt8], into out: inout ByteBuffer) {
    let digits: [UInt8] = Array("0123456789ABCDEF".utf8)
    for byte in text {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        out.put(byte)
      default:
        out.put(UInt8(ascii: "%"))
        out.put(digits[Int(byte >> 4)])
        out.put(digits[Int(byte & 0xF)])
      }
    }
  }

  /// Whether `id` can be a segment. An id of dots alone would change the path.
  package static func isSegment(_ id: [UInt8]) -> Bool {
    !id.isEmpty && !id.allSatisfy { $0 == UInt8(ascii: ".") }
  }
}
