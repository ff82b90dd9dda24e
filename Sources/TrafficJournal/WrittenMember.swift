internal import JSONText
internal import Memory

/// A member of a line in the form that the log itself writes: `"name":"text"`, `"name":12.5` or `"name":[…`, without
/// blanks and escapes, in ASCII.
struct WrittenMember {
  let nameStart: Int
  let nameEnd: Int
  /// `string`, `number`, or `arrayStart`, whose elements follow.
  let kind: JSONEvent.Kind
  /// Of a string what stands between the quotation marks; of an array its bracket.
  let start: Int
  let end: Int
  /// Behind the value.
  let next: Int

  /// Reads the one that begins at `start`; nil when there is none of that form.
  @inline(__always)
  init?(of line: RawSpan, from start: Int) {
    guard line.has(start), line[start] == UInt8(ascii: "\"") else { return nil }
    nameStart = start &+ 1
    nameEnd = line.firstMarkInASCIIString(from: nameStart)
    let value = nameEnd &+ 2
    guard line.has(value), line[nameEnd] == UInt8(ascii: "\""),
      line[nameEnd &+ 1] == UInt8(ascii: ":")
    else { return nil }
    switch line[value] {
    case UInt8(ascii: "\""):
      let end = line.firstMarkInASCIIString(from: value &+ 1)
      guard line.has(end), line[end] == UInt8(ascii: "\"") else { return nil }
      kind = .string
      self.start = value &+ 1
      self.end = end
      next = end &+ 1
    case UInt8(ascii: "["):
      kind = .arrayStart
      self.start = value
      end = value
      next = value
    default:
      guard let end = WrittenMember.numberEnd(of: line, from: value) else { return nil }
      kind = .number
      self.start = value
      self.end = end
      next = end
    }
  }

  /// Where the number ends that begins at `start`: digits, and a fraction or none; nil when there is none of that form.
  /// RFC 8259 section 6: no zero stands before other digits.
  @inline(__always)
  private static func numberEnd(of line: RawSpan, from start: Int) -> Int? {
    var at = start
    while line.has(at), isDigit(line[at]) { at &+= 1 }
    guard at > start, at == start &+ 1 || line[start] != UInt8(ascii: "0") else { return nil }
    guard line.has(at), line[at] == UInt8(ascii: ".") else { return at }
    let point = at
    at &+= 1
    while line.has(at), isDigit(line[at]) { at &+= 1 }
    return at > point &+ 1 ? at : nil
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// Where the array of attempts ends that begins at `start`: flat objects, as the log writes them; nil for any other.
  static func attemptsEnd(of line: RawSpan, from start: Int) -> Int? {
    var at = start
    // A bracket before the first one, a comma before the others.
    while line.has(at &+ 1), line[at] == (at == start ? UInt8(ascii: "[") : UInt8(ascii: ",")),
      line[at &+ 1] == UInt8(ascii: "{")
    {
      at &+= 2
      while let member = WrittenMember(of: line, from: at), member.kind != .arrayStart {
        at = member.next
        guard line.has(at), line[at] == UInt8(ascii: ",") else { break }
        at &+= 1
      }
      guard line.has(at), line[at] == UInt8(ascii: "}") else { return nil }
      at &+= 1
    }
    guard at > start, line.has(at), line[at] == UInt8(ascii: "]") else { return nil }
    return at &+ 1
  }
}
