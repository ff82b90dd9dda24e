internal import HTTPMessages
internal import Memory

/// Reads `Prefer` fields (RFC 7240) for the only preference that the gateway knows, `wait`.
///
/// What cannot be parsed is ignored: a preference is a wish, never a reason to refuse. If there are several, only the
/// first counts (section 2).
struct WaitPreference {
  /// Seconds that the caller is willing to wait; nil if it does not say.
  private(set) var seconds: Int?
  private var isDecided = false

  init() {}

  /// Takes the value of a `Prefer` field. Several fields form one list.
  mutating func take(_ value: RawSpan) {
    var start = 0
    while start < value.byteCount, !isDecided {
      let end = WaitPreference.end(of: value, from: start, UInt8(ascii: ","))
      takePreference(value.slice(start, end))
      start = end + 1
    }
  }

  private mutating func takePreference(_ element: RawSpan) {
    // A preference may have parameters; `wait` has none.
    let text = element.slice(0, WaitPreference.end(of: element, from: 0, UInt8(ascii: ";")))
    let nameEnd = text.firstIndex(of: UInt8(ascii: "="), from: 0)
    guard WaitPreference.trimmed(text.slice(0, nameEnd)).equalsIgnoringCase("wait") else { return }
    isDecided = true
    guard nameEnd < text.byteCount else { return }
    var word = WaitPreference.trimmed(text.slice(nameEnd + 1, text.byteCount))
    if word.byteCount > 1, word[0] == UInt8(ascii: "\""),
      word[word.byteCount - 1] == UInt8(ascii: "\"")
    {
      word = word.slice(1, word.byteCount - 1)
    }
    guard word.byteCount > 0 else { return }
    var number = 0
    for i in 0..<word.byteCount {
      let digit = word[i] &- 0x30
      guard digit < 10 else { return }
      number = min(number * 10 + Int(digit), 1_000_000)
    }
    seconds = number
  }

  /// The first `mark` from `start` on that is not inside a quoted string; the end if there is none.
  private static func end(of text: RawSpan, from start: Int, _ mark: UInt8) -> Int {
    var isQuoted = false
    var at = start
    while at < text.byteCount {
      switch text[at] {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "\\") where isQuoted: at += 1
      case mark where !isQuoted: return at
      default: break
      }
      at += 1
    }
    return text.byteCount
  }

  @_lifetime(copy text)
  private static func trimmed(_ text: RawSpan) -> RawSpan {
    var start = 0
    var end = text.byteCount
    while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
    while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return text.slice(start, end)
  }
}
