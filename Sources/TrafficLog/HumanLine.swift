internal import JSONText
internal import Memory

/// A line for people who watch a terminal: time, result, duration, request and caller. Anything unusual comes last.
///
///     07:01:33.579 200    2.0ms GET    /api/v2/courses?more=***  GetCourses  crm → main  token read:course
///
/// Everything that a caller sent reaches the terminal as plain text: control characters and characters that change the
/// writing direction are written as `\u001b` and so on.
enum HumanLine {
  static func put(
    _ fields: LineFields, _ line: RawSpan, hasColours: Bool, into out: inout ByteBuffer
  ) {
    func colour(_ code: StaticString, _ out: inout ByteBuffer) {
      guard hasColours else { return }
      out.put("\u{1B}[")
      out.put(code)
      out.put(UInt8(ascii: "m"))
    }
    let stamp = fields.value(.timestamp, in: line)
    colour("2", &out)
    if stamp.byteCount >= 23 { out.put(stamp.slice(11, 23)) } else { out.put(stamp) }
    colour("0", &out)
    out.put(UInt8(ascii: " "))
    let status = fields.value(.status, in: line)
    colour(statusColour(status), &out)
    if status.byteCount == 3 { out.put(status) } else { out.put("---") }
    colour("0", &out)
    out.put(UInt8(ascii: " "))
    putDuration(fields.value(.duration, in: line), width: 8, into: &out)
    out.put(UInt8(ascii: " "))
    if fields.has(.method) {
      let before = out.count
      putText(fields.value(.method, in: line), into: &out)
      for _ in 0..<max(0, 6 - (out.count - before)) { out.put(UInt8(ascii: " ")) }
      out.put(UInt8(ascii: " "))
      putText(fields.value(.path, in: line), into: &out)
      if fields.has(.query) {
        out.put(UInt8(ascii: "?"))
        putText(fields.value(.query, in: line), into: &out)
      }
    } else {
      out.put("(no request)")
    }
    putPart(fields, .operation, line, "  ", into: &out)
    putPart(fields, .caller, line, "  ", into: &out)
    putPart(fields, .app, line, " \u{2192} ", into: &out)
    putPart(fields, .credential, line, "  ", into: &out)
    putPart(fields, .scope, line, " ", into: &out)
    putWait(fields, .queueWait, line, "  queued ", into: &out)
    putWait(fields, .tokenWait, line, "  token after ", into: &out)
    if fields.has(.errorType) || !fields.value(.termination, in: line).equals("completed") {
      colour("31", &out)
      putPart(fields, .termination, line, "  ", into: &out)
      putPart(fields, .errorType, line, " ", into: &out)
      colour("0", &out)
    }
    colour("2", &out)
    putPart(fields, .requestID, line, "  ", into: &out)
    colour("0", &out)
  }

  private static func statusColour(_ status: RawSpan) -> StaticString {
    guard status.byteCount == 3 else { return "35" }
    switch status[0] {
    case UInt8(ascii: "2"): return "32"
    case UInt8(ascii: "3"): return "36"
    case UInt8(ascii: "4"): return "33"
    default: return "31"
    }
  }

  private static func putPart(
    _ fields: LineFields, _ field: LineFields.Field, _ line: RawSpan, _ lead: StaticString,
    into out: inout ByteBuffer
  ) {
    guard fields.has(field) else { return }
    out.put(lead)
    putText(fields.value(field, in: line), into: &out)
  }

  /// Appends a wait, if there was one.
  private static func putWait(
    _ fields: LineFields, _ field: LineFields.Field, _ line: RawSpan, _ lead: StaticString,
    into out: inout ByteBuffer
  ) {
    let value = fields.value(field, in: line)
    guard value.byteCount > 0, !value.equals("0") else { return }
    out.put(lead)
    putDuration(value, width: 0, into: &out)
  }

  /// Seconds with six decimal places as `2.0ms`, `120ms` or `3.21s`, at least `width` wide.
  private static func putDuration(_ seconds: RawSpan, width: Int, into out: inout ByteBuffer) {
    let microseconds = Int((seconds.nanosecondsOfSeconds ?? 0) / 1000)
    let text: String
    if microseconds < 100_000 {
      text = "\(microseconds / 1000).\(microseconds / 100 % 10)ms"
    } else if microseconds < 1_000_000 {
      text = "\(microseconds / 1000)ms"
    } else {
      let hundredths = microseconds / 10_000
      text = "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)s"
    }
    for _ in 0..<max(0, width - text.utf8.count) { out.put(UInt8(ascii: " ")) }
    out.put(text: text)
  }

  /// Appends the inside of a JSON string in a form for people.
  static func putText(_ text: RawSpan, into out: inout ByteBuffer) {
    var at = 0
    while at < text.byteCount {
      if let (scalar, length) = directing(text, at) {
        out.put("\\u")
        out.put(hexadecimal: UInt64(scalar), width: 4)
        at += length
        continue
      }
      guard text[at] == UInt8(ascii: "\\") else {
        out.put(text[at])
        at += 1
        continue
      }
      let (unit, next) = JSONCharacter.read(text, at)
      switch unit {
      case .byte(let byte): out.put(byte)
      // It is escaped because a terminal must not interpret it, so it stays escaped.
      case .scalar: out.put(text.slice(at, next))
      }
      at = next
    }
  }

  /// The character at `at`, and its length in UTF-8, if it is invisible, ends a line or changes the writing direction.
  private static func directing(_ text: RawSpan, _ at: Int) -> (UInt32, Int)? {
    switch text[at] {
    case 0xC2 where at + 1 < text.byteCount && text[at + 1] < 0xA0:
      // A configured name may contain it; what callers send is already escaped.
      return (UInt32(text[at + 1]), 2)
    case 0xD8 where at + 1 < text.byteCount && text[at + 1] == 0x9C: return (0x061C, 2)
    case 0xE2 where at + 2 < text.byteCount:
      let scalar = 0x2000 | UInt32(text[at + 1] & 0x3F) << 6 | UInt32(text[at + 2] & 0x3F)
      switch scalar {
      case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: return (scalar, 3)
      default: return nil
      }
    case 0xEF where at + 2 < text.byteCount && text[at + 1] == 0xBB && text[at + 2] == 0xBF:
      return (0xFEFF, 3)
    default: return nil
    }
  }
}
