/// What an id or a secret must look like to be sent: the same rule for all code that reads, checks or sends one.
///
/// Its texts name the place of a defect and quote nothing.
package enum CredentialText {
  /// The most bytes of a credential. SCORM Cloud's secrets have 40.
  package static let maximumLength = 4_096

  /// Why a text cannot be used as a credential.
  package struct Defect: Equatable, Sendable {
    /// What is wrong, worded to follow the text's name: `holds a line break (byte 4)`.
    package let reason: String
    /// What to do about it.
    package let hint: String
  }

  /// What is wrong with `text`; nil when it can be sent unchanged.
  ///
  /// Whitespace inside may belong to a secret. Whitespace around it comes from copying, and byte order marks come from
  /// editors. Both would be sent.
  package static func defect(of text: RawSpan) -> Defect? {
    let count = text.byteCount
    if count == 0 { return Defect(reason: "is empty", hint: "") }
    if count > maximumLength {
      return Defect(reason: "is longer than \(maximumLength) bytes", hint: "")
    }
    if text.startsWithByteOrderMark {
      return Defect(
        reason: "starts with a byte order mark (bytes 1 to 3)",
        hint: "save it as UTF-8 without one")
    }
    if count >= 2, text[0] ^ text[1] == 0x01, text[0] >= 0xFE {
      return Defect(reason: "is UTF-16 (bytes 1 and 2)", hint: "save it as UTF-8")
    }
    if let defect = control(in: text) { return defect }
    if blank(in: text, at: 0) != nil {
      return Defect(reason: "starts with a blank (byte 1)", hint: "remove what precedes it")
    }
    for length in 1...min(3, count) {
      if blank(in: text, at: count - length) == length {
        return Defect(
          reason: "ends with a blank (byte \(count - length + 1))",
          hint: "remove what follows it")
      }
    }
    return nil
  }

  /// What is wrong with `text` as an application id. It must also be printable ASCII without a colon, which would end
  /// it in a Basic credential (RFC 7617 section 2).
  package static func idDefect(of text: RawSpan) -> Defect? {
    if let defect = defect(of: text) { return defect }
    let hint =
      "an application id is 1 to \(maximumIDLength) printable ASCII characters, no colon or space"
    if text.byteCount > maximumIDLength {
      return Defect(reason: "is longer than \(maximumIDLength) bytes", hint: hint)
    }
    for i in 0..<text.byteCount {
      switch text[i] {
      case UInt8(ascii: ":"): return Defect(reason: "holds a colon (byte \(i + 1))", hint: hint)
      case 0x21...0x7E: continue
      case UInt8(ascii: " "): return Defect(reason: "holds a space (byte \(i + 1))", hint: hint)
      default:
        return Defect(reason: "holds what is not printable ASCII (byte \(i + 1))", hint: hint)
      }
    }
    return nil
  }

  /// The most bytes of an application id.
  package static let maximumIDLength = 255

  /// Reports the first control character, which is not allowed in a field of HTTP (RFC 9110 section 5.5) or in a Basic
  /// credential.
  private static func control(in text: RawSpan) -> Defect? {
    for i in 0..<text.byteCount {
      let place = "(byte \(i + 1))"
      switch text[i] {
      case 0: return Defect(reason: "holds a zero byte \(place)", hint: "")
      case UInt8(ascii: "\t"):
        return Defect(reason: "holds a TAB \(place)", hint: "remove it")
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        return Defect(
          reason: "holds a line break \(place)", hint: "one line, ended by LF at most, not CR LF")
      case 1..<0x20, 0x7F:
        return Defect(reason: "holds a control character \(place)", hint: "remove it")
      default: continue
      }
    }
    return nil
  }

  /// The number of bytes of the blank at `place`: a space, a no-break space (U+00A0), a zero-width space (U+200B) or a
  /// byte order mark (U+FEFF). Nil for anything else.
  private static func blank(in text: RawSpan, at place: Int) -> Int? {
    let rest = text.slice(place, text.byteCount)
    if rest[0] == UInt8(ascii: " ") { return 1 }
    if rest.byteCount >= 2, rest[0] == 0xC2, rest[1] == 0xA0 { return 2 }
    if rest.byteCount >= 3, rest[0] == 0xE2, rest[1] == 0x80, rest[2] == 0x8B { return 3 }
    return rest.startsWithByteOrderMark ? 3 : nil
  }
}

extension RawSpan {
  /// Whether it begins with U+FEFF in UTF-8.
  package var startsWithByteOrderMark: Bool {
    byteCount >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF
  }

  /// The span without a byte order mark at its start, which readers of JSON may ignore (RFC 8259 section 8.1).
  @_lifetime(copy self)
  package func withoutByteOrderMark() -> RawSpan {
    startsWithByteOrderMark ? slice(3, byteCount) : self
  }
}
