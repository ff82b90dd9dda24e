internal import JSONText
internal import Memory

/// A line as web servers write it: NCSA's combined format, followed by fields that web servers do not have.
///
///     127.0.0.1 - crm [24/Nov/2026:07:01:33 +0000] "GET /api/v2/courses HTTP/1.1" 200 40 "-" "curl/7.88.1"
///     0.002032 0.000827 GetCourses main completed - order-17
///
/// (all on one line). The last seven fields are: total seconds, seconds of the last upstream request, operation, app,
/// termination, error.type and request id, with `-` for a missing one. Bytes that are not visible ASCII are written as
/// `\xHH`, and so are quotes, backslashes and, outside quotes, spaces. No tool and no terminal can misread them.
enum CombinedLine {
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  static func put(_ fields: LineFields, _ line: RawSpan, into out: inout ByteBuffer) {
    putWord(fields, .address, line, into: &out)
    out.put("- ")
    putWord(fields, .caller, line, into: &out)
    out.put(UInt8(ascii: "["))
    putTime(fields.value(.timestamp, in: line), into: &out)
    out.put("] \"")
    if fields.has(.method) {
      putEscaped(fields.value(.method, in: line), isQuoted: true, into: &out)
      out.put(UInt8(ascii: " "))
      putEscaped(fields.value(.path, in: line), isQuoted: true, into: &out)
      if fields.has(.query) {
        out.put(UInt8(ascii: "?"))
        putEscaped(fields.value(.query, in: line), isQuoted: true, into: &out)
      }
      out.put(" HTTP/")
      if fields.has(.version) {
        putEscaped(fields.value(.version, in: line), isQuoted: true, into: &out)
      } else {
        out.put("1.1")
      }
    } else {
      out.put(UInt8(ascii: "-"))
    }
    out.put("\" ")
    putStatus(fields.value(.status, in: line), into: &out)
    putWord(fields, .responseSize, line, into: &out)
    out.put("\"-\" \"")
    if fields.has(.userAgent) {
      putEscaped(fields.value(.userAgent, in: line), isQuoted: true, into: &out)
    } else {
      out.put(UInt8(ascii: "-"))
    }
    out.put("\" ")
    putWord(fields, .duration, line, into: &out)
    if let last = fields.attempts(in: line).last {
      out.put(line.slice(last.durationText.lowerBound, last.durationText.upperBound))
    } else {
      out.put(UInt8(ascii: "-"))
    }
    out.put(UInt8(ascii: " "))
    for field in [LineFields.Field.operation, .app, .termination, .errorType] {
      putWord(fields, field, line, into: &out)
    }
    putEscaped(fields.value(.requestID, in: line), isQuoted: false, into: &out)
  }

  /// A field and a space; `-` for one that is missing.
  private static func putWord(
    _ fields: LineFields, _ field: LineFields.Field, _ line: RawSpan, into out: inout ByteBuffer
  ) {
    if fields.has(field) {
      putEscaped(fields.value(field, in: line), isQuoted: false, into: &out)
    } else {
      out.put(UInt8(ascii: "-"))
    }
    out.put(UInt8(ascii: " "))
  }

  /// The status, with the three digits that readers of this format require: 000 if none was sent.
  private static func putStatus(_ status: RawSpan, into out: inout ByteBuffer) {
    if status.byteCount == 3 { out.put(status) } else { out.put("000") }
    out.put(UInt8(ascii: " "))
  }

  /// `2026-11-24T07:01:33.579950Z` as `24/Nov/2026:07:01:33 +0000`.
  private static func putTime(_ stamp: RawSpan, into out: inout ByteBuffer) {
    guard stamp.byteCount >= 20 else {
      out.put(stamp)
      return
    }
    let month = Int(stamp[5] &- 0x30) * 10 + Int(stamp[6] &- 0x30)
    out.put(stamp.slice(8, 10))
    out.put(UInt8(ascii: "/"))
    out.put(1...12 ~= month ? months[month - 1] : "???")
    out.put(UInt8(ascii: "/"))
    out.put(stamp.slice(0, 4))
    out.put(UInt8(ascii: ":"))
    out.put(stamp.slice(11, 19))
    out.put(" +0000")
  }

  /// Appends the inside of a JSON string as visible ASCII.
  static func putEscaped(_ text: RawSpan, isQuoted: Bool, into out: inout ByteBuffer) {
    var at = 0
    while at < text.byteCount {
      guard text[at] == UInt8(ascii: "\\") else {
        putByte(text[at], isQuoted: isQuoted, into: &out)
        at += 1
        continue
      }
      let (unit, next) = JSONCharacter.read(text, at)
      at = next
      switch unit {
      case .byte(let byte): putByte(byte, isQuoted: isQuoted, into: &out)
      case .scalar(let scalar):
        for byte in String(scalar).utf8 { putByte(byte, isQuoted: isQuoted, into: &out) }
      }
    }
  }

  private static func putByte(_ byte: UInt8, isQuoted: Bool, into out: inout ByteBuffer) {
    let isPlain =
      byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    if isPlain || byte == 0x20 && isQuoted {
      out.put(byte)
    } else {
      out.put("\\x")
      out.put(hexadecimal: UInt64(byte), width: 2)
    }
  }
}
