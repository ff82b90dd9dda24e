internal import Memory

/// Reads the field lines of a head or trailer section, RFC 9112 section 5, strictly: what the grammar does not allow is
/// refused, never repaired.
enum FieldSection {
  /// What was found while reading.
  struct Summary {
    /// Offset after the empty line; nil when the section is not complete yet.
    var end: Int?
    /// Names that were found at least once.
    var present = FieldSet()
    /// Known names that were found more than once.
    var repeated = FieldSet()
    /// There is whitespace between a name and its colon.
    var hasBlankBeforeColon = false
  }

  /// Appends the lines from `start` on to `fields`, up to and including the empty line.
  ///
  /// There are two passes over the lines: the first finds them, the second classifies their names. A call for each name
  /// in the scanning loop would spill everything that the loop keeps in registers.
  static func read(
    _ bytes: RawSpan, from start: Int, into fields: inout FieldList, limits: HeadLimits
  ) throws(RequestFault) -> Summary {
    var summary = Summary()
    let first = fields.count
    let hasUnderscore = try scan(bytes, from: start, into: &fields, limits, &summary)
    name(&fields, from: first, in: bytes, &summary)
    if hasUnderscore { try refuseMisleading(fields, from: first, in: bytes, limits) }
    return summary
  }

  /// Finds the lines, without classifying their names.
  ///
  /// - Returns: whether a name has an underscore.
  @inline(__always)
  private static func scan(
    _ bytes: RawSpan, from start: Int, into fields: inout FieldList, _ limits: HeadLimits,
    _ summary: inout Summary
  ) throws(RequestFault) -> Bool {
    var hasUnderscore = false
    var at = start
    while bytes.has(at) {
      if bytes[at] == UInt8(ascii: "\r") {
        guard bytes.has(at &+ 1) else { break }
        guard bytes[at &+ 1] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
        summary.end = at &+ 2
        break
      }
      let nameEnd = bytes.nameEnd(from: at, &hasUnderscore)
      guard bytes.has(nameEnd) else { break }
      var colon = nameEnd
      if bytes[nameEnd] != UInt8(ascii: ":") || nameEnd == at {
        guard limits.isOfAnswer, nameEnd > at else { throw nameFault(bytes, at, nameEnd) }
        colon = skipBlanks(bytes, from: nameEnd)
        guard bytes.has(colon) else { break }
        guard bytes[colon] == UInt8(ascii: ":") else { throw nameFault(bytes, at, nameEnd) }
        summary.hasBlankBeforeColon = true
      }
      var valueStart = colon &+ 1
      if bytes.has(valueStart), bytes[valueStart] == 0x20 { valueStart &+= 1 }
      if bytes.has(valueStart), bytes[valueStart] <= 0x20 {
        valueStart = skipBlanks(bytes, from: valueStart)
      }
      var lineEnd = bytes.firstControl(from: valueStart)
      while bytes.has(lineEnd), bytes[lineEnd] == 0x09 {
        lineEnd = bytes.firstControl(from: lineEnd &+ 1)
      }
      if lineEnd &- at > limits.lineBytes { throw .fieldLineTooLong }
      guard bytes.has(lineEnd) else { break }
      guard bytes[lineEnd] == UInt8(ascii: "\r") else {
        throw bytes[lineEnd] == UInt8(ascii: "\n") ? .bareLineFeed : .controlByte
      }
      guard bytes.has(lineEnd &+ 1) else { break }
      guard bytes[lineEnd &+ 1] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
      // Tabs are the only bytes of the value below 0x20.
      var valueEnd = lineEnd
      while valueEnd > valueStart, bytes[valueEnd &- 1] <= 0x20 { valueEnd &-= 1 }
      if fields.count >= limits.fieldCount { throw .tooManyFields }
      fields.append(
        FieldLine(
          name: .other, start: UInt32(truncatingIfNeeded: at),
          nameEnd: UInt32(truncatingIfNeeded: nameEnd),
          valueStart: UInt32(truncatingIfNeeded: valueStart),
          valueEnd: UInt32(truncatingIfNeeded: valueEnd),
          end: UInt32(truncatingIfNeeded: lineEnd &+ 2)))
      at = lineEnd &+ 2
    }
    return hasUnderscore
  }

  /// Classifies the names of the lines from index `first` on.
  @inline(__always)
  private static func name(
    _ fields: inout FieldList, from first: Int, in bytes: RawSpan, _ summary: inout Summary
  ) {
    var number = first
    while number < fields.count {
      let name = FieldName.classify(
        bytes, Int(fields[number].start), Int(fields[number].nameEnd))
      if name != .other {
        fields[number].name = name
        if summary.present.contains(name) { summary.repeated.insert(name) }
        summary.present.insert(name)
      }
      number &+= 1
    }
  }

  @inline(never)
  private static func refuseMisleading(
    _ fields: borrowing FieldList, from first: Int, in bytes: RawSpan, _ limits: HeadLimits
  ) throws(RequestFault) {
    for number in first..<fields.count where fields[number].name == .other {
      let line = fields[number]
      if isMisleading(bytes, Int(line.start), Int(line.nameEnd), limits) { throw .misleadingName }
    }
  }

  @inline(never)
  private static func skipBlanks(_ bytes: RawSpan, from start: Int) -> Int {
    var at = start
    while bytes.has(at), bytes[at].isOptionalWhitespace { at &+= 1 }
    return at
  }

  /// Why the line at `start` does not begin with a name and a colon.
  @inline(never)
  private static func nameFault(_ bytes: RawSpan, _ start: Int, _ nameEnd: Int) -> RequestFault {
    switch bytes[nameEnd] {
    case UInt8(ascii: ":"): return .fieldName
    case UInt8(ascii: "\n"): return .bareLineFeed
    case UInt8(ascii: "\r"): return .fieldNoColon
    case 0x20, 0x09: return nameEnd == start ? .foldedLine : .whitespaceBeforeColon
    default: return .fieldName
    }
  }

  /// Whether a name with underscores would be read as a protected one by software that treats `_` as `-` (CGI and WSGI
  /// do): RFC 9110 section 17.10.
  @inline(never)
  private static func isMisleading(
    _ bytes: RawSpan, _ start: Int, _ end: Int, _ limits: HeadLimits
  ) -> Bool {
    var dashed = bytes.slice(start, end).copied()
    for i in dashed.indices where dashed[i] == UInt8(ascii: "_") { dashed[i] = UInt8(ascii: "-") }
    let name = FieldName.classify(dashed.span.bytesOfElements, 0, dashed.count)
    // Only `User_Agent` and the like are harmless in both readings.
    var harmless: FieldSet = [
      .other, .userAgent, .date, .contentType, .contentLocation, .cacheControl, .retryAfter,
      .prefer,
    ]
    // Proxy claims are made in requests only.
    if limits.isOfAnswer { harmless.insert(.proxyClaim) }
    return !harmless.contains(name)
  }
}
