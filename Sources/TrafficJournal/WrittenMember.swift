internal import JSONText
internal import Memory

/// A member of a line in the form that the log itself writes: `"name":"text"`, `"name":12.5` or `"name":[…`, in
/// ASCII, without blanks and escapes.
struct WrittenMember {
  let nameStart: Int
  let nameEnd: Int
  /// `string`, `number`, or `arrayStart`, which is followed by the array's elements.
  let kind: JSONEvent.Kind
  /// The bounds of a string's text between the quotation marks, of a number, or of an array's opening bracket.
  let start: Int
  let end: Int
  /// The position after the value.
  let next: Int

  /// Reads the member that begins at `start`; nil if there is none in that form.
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

  /// The end of the number that begins at `start`: digits with or without a fraction; nil for any other form. RFC 8259
  /// section 6: a number has no leading zero.
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

  /// The end of the array of attempts that begins at `start`: flat objects, as the log writes them; nil for any other
  /// form.
  static func attemptsEnd(of line: RawSpan, from start: Int) -> Int? {
    var at = start
    // A bracket before the first object, a comma before each of the others.
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
