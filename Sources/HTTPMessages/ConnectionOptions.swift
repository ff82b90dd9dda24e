internal import Memory

/// What the Connection fields of a head ask for: RFC 9110 section 7.6.1.
@usableFromInline package struct ConnectionOptions: Sendable, BitwiseCopyable {
  /// `close` was named.
  package private(set) var close = false
  /// `keep-alive` was named.
  package private(set) var keepAlive = false
  /// How many named fields must be removed together with the connection's own; nearly always none. ``ConnectionNames``
  /// says which.
  package private(set) var namedCount: UInt8 = 0
  /// List elements so far, over all field lines of the head.
  private var listed: UInt8 = 0

  /// The most options that the lists of one head may name.
  static let limit: UInt8 = 16

  init() {}

  /// Adds the options of one field line. Throws when it is malformed, names too many, or names a field whose removal
  /// would change the meaning of the message.
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
    var list = OptionList(value)
    while let (start, end) = list.next() {
      // RFC 9110 section 5.6.1.2: empty list elements are ignored, within reason.
      listed += 1
      if listed > ConnectionOptions.limit { throw .connectionOptions }
      if start == end { continue }
      let option = value.slice(start, end)
      guard option.isToken(0, option.byteCount) else { throw .connectionOptions }
      if option.equalsIgnoringCase("close") {
        close = true
      } else if option.equalsIgnoringCase("keep-alive") {
        keepAlive = true
      } else {
        switch FieldName.classify(option, 0, option.byteCount) {
        case .host, .contentLength, .transferEncoding, .authorization, .contentType,
          .cacheControl, .xRequestID, .cookie, .expect, .date, .via, .traceparent, .tracestate:
          throw .connectionOptions
        default: namedCount += 1
        }
      }
    }
  }
}

/// The fields that the Connection fields of a head name. They belong to this connection alone.
///
/// They are looked up when the head is copied, and only if its ``ConnectionOptions`` say that there are any: a head
/// that stored them would not be a plain value.
struct ConnectionNames {
  /// Where they are in the head; at most as many as a head may name options.
  private var places: [(start: Int, end: Int)] = []

  /// Finds the names in `lines` of a parsed head, which is in `bytes`.
  init(_ lines: borrowing FieldList, in bytes: RawSpan) {
    for i in 0..<lines.count where lines[i].name == .connection {
      let offset = Int(lines[i].valueStart)
      let value = lines[i].value(in: bytes)
      var list = OptionList(value)
      while let (start, end) = list.next() {
        let option = value.slice(start, end)
        if start == end || option.equalsIgnoringCase("close")
          || option.equalsIgnoringCase("keep-alive")
        {
          continue
        }
        places.append((offset + start, offset + end))
      }
    }
  }

  /// Whether the field called `name` is among them.
  func contain(_ name: RawSpan, in bytes: RawSpan) -> Bool {
    places.contains { place in
      guard place.end - place.start == name.byteCount else { return false }
      for i in 0..<name.byteCount
      where bytes[place.start + i].asciiLowercased != name[i].asciiLowercased { return false }
      return true
    }
  }
}

/// The elements of a comma-separated list, without the whitespace around them: RFC 9110 section 5.6.1.
private struct OptionList: ~Escapable {
  private let value: RawSpan
  private var at = 0

  @_lifetime(copy value)
  init(_ value: RawSpan) { self.value = value }

  /// Where the next element is, which may be empty; nil after the last one.
  mutating func next() -> (start: Int, end: Int)? {
    guard at <= value.byteCount else { return nil }
    var start = at
    var end = value.firstIndex(of: UInt8(ascii: ","), from: at)
    at = end + 1
    while start < end, value[start].isOptionalWhitespace { start += 1 }
    while end > start, value[end - 1].isOptionalWhitespace { end -= 1 }
    return (start, end)
  }
}
