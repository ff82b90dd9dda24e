internal import Memory

/// What the Connection fields of a head ask for: RFC 9110 section 7.6.1.
package struct ConnectionOptions: Sendable {
  /// `close` was named.
  package private(set) var close = false
  /// `keep-alive` was named.
  package private(set) var keepAlive = false
  /// Names of fields to be removed with the connection's own, in lower case. Nearly always empty.
  package private(set) var named: [[UInt8]] = []
  /// List elements met so far, over all field lines of the head.
  private var listed = 0

  /// How many options the lists of one head may name.
  static let limit = 16

  init() {}

  /// Adds the options of one field line. Throws when it is malformed, names too many, or names a field
  /// whose removal would change what the message means.
  mutating func add(_ value: RawSpan) throws(RequestFault) {
    if value.equalsIgnoringCase("close") {
      close = true
    } else if value.equalsIgnoringCase("keep-alive") {
      keepAlive = true
    } else {
      try addList(value)
    }
  }

  @inline(never)
  private mutating func addList(_ value: RawSpan) throws(RequestFault) {
    var at = 0
    while at <= value.byteCount {
      var end = value.firstIndex(of: UInt8(ascii: ","), from: at)
      let next = end + 1
      while at < end, value[at].isOptionalWhitespace { at += 1 }
      while end > at, value[end - 1].isOptionalWhitespace { end -= 1 }
      // RFC 9110 section 5.6.1.2: empty list elements are ignored, within reason.
      listed += 1
      if listed > ConnectionOptions.limit { throw .connectionOptions }
      if end > at {
        let option = value.slice(at, end)
        guard option.isToken(0, end - at) else { throw .connectionOptions }
        if option.equalsIgnoringCase("close") {
          close = true
        } else if option.equalsIgnoringCase("keep-alive") {
          keepAlive = true
        } else {
          switch FieldName.classify(option, 0, end - at) {
          case .host, .contentLength, .transferEncoding, .authorization, .contentType,
            .cacheControl, .xRequestID, .cookie, .expect, .date, .via, .traceparent, .tracestate:
            throw .connectionOptions
          default: named.append(option.copied().map(\.asciiLowercased))
          }
        }
      }
      at = next
    }
  }

  /// Whether the field called `name` belongs to the connection alone.
  package func names(_ name: RawSpan) -> Bool {
    named.contains { option in
      guard option.count == name.byteCount else { return false }
      for i in 0..<option.count where option[i] != name[i].asciiLowercased { return false }
      return true
    }
  }
}
