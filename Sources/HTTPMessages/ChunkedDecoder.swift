internal import Memory

/// Bounds on what surrounds the data of a chunked body.
package struct ChunkLimits: Sendable {
  /// Bytes of chunk extensions in one body. CVE-2023-39326 shows what happens without a bound.
  package var extensionBytes: Int32 = 4 * 1024
  /// Bytes of the trailer section.
  package var trailerBytes: Int32 = 8 * 1024
  /// The body is an answer's, and a part of it may already be on its way when something odd arrives. Nothing that
  /// surrounds the data is passed on, so everything that leaves no doubt about where the data is is accepted:
  /// whitespace around a size and in extensions (section 7.1.1 calls it bad and has it removed), leading zeros, and any
  /// text in extensions and trailers. Extensions count only as far as they exceed twice the data, so that a long body
  /// passes even if each of its chunks has one.
  package var isOfAnswer = false

  package init() {}

  /// The bounds for the body of an answer.
  package static var answers: ChunkLimits {
    var limits = ChunkLimits()
    limits.isOfAnswer = true
    return limits
  }
}

/// Decodes a chunked body, RFC 9112 section 7.1, strictly and incrementally at any split. ``ChunkLimits/isOfAnswer``
/// says what is tolerated.
///
/// Extensions are checked and dropped, trailers are checked and dropped: neither is ever passed on.
@usableFromInline package struct ChunkedDecoder: Sendable {
  private enum State: Sendable {
    case size(digits: Int, value: Int)
    /// Whitespace that is allowed only before a `;`.
    case whitespaceBeforeExtension(value: Int)
    case extensions(value: Int, inQuotes: Bool, escaped: Bool, last: UInt8)
    case sizeLineFeed(value: Int)
    case data(left: Int)
    case dataCarriageReturn, dataLineFeed
    case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed
    case finished
  }

  private var state: State = .size(digits: 0, value: 0)
  private var extensionBytes: Int32 = 0
  private var trailerBytes: Int32 = 0
  private let limits: ChunkLimits

  package init(limits: ChunkLimits = ChunkLimits()) { self.limits = limits }

  /// Whether the body's last byte has been read.
  package var isFinished: Bool {
    if case .finished = state { true } else { false }
  }

  /// Reads more, from `start` on, until a run of data is found, the body ends, or the bytes end.
  ///
  /// - Returns: the run of data (empty when there is none) and the offset to go on from.
  package mutating func next(
    _ bytes: RawSpan, from start: Int
  ) throws(RequestFault) -> (dataStart: Int, dataEnd: Int, next: Int) {
    var at = start
    while at < bytes.byteCount {
      if case .data(let left) = state {
        let run = min(left, bytes.byteCount &- at)
        state = run == left ? .dataCarriageReturn : .data(left: left &- run)
        return (at, at &+ run, at &+ run)
      }
      if case .finished = state { break }
      try step(bytes[at])
      at &+= 1
    }
    return (at, at, at)
  }

  private mutating func step(_ byte: UInt8) throws(RequestFault) {
    switch state {
    case .size(let digits, let value):
      if let digit = byte.hexadecimalValue {
        // Fifteen digits keep the value far from overflow, and no body has an exabyte.
        guard digits < 15 else { throw .chunkSize }
        if limits.isOfAnswer, value == 0, digits > 0 {
          // Leading zeros are padding; they count as extension bytes.
          try countExtension()
          state = .size(digits: 1, value: Int(digit))
        } else {
          state = .size(digits: digits + 1, value: value << 4 | Int(digit))
        }
      } else if digits == 0 {
        throw .chunkSize
      } else if byte == UInt8(ascii: "\r") {
        state = .sizeLineFeed(value: value)
      } else if byte == UInt8(ascii: ";") {
        state = .extensions(value: value, inQuotes: false, escaped: false, last: byte)
      } else if byte.isOptionalWhitespace {
        state = .whitespaceBeforeExtension(value: value)
        try countExtension()
      } else {
        throw byte == UInt8(ascii: "\n") ? .bareLineFeed : .chunkSize
      }
    case .whitespaceBeforeExtension(let value):
      if byte == UInt8(ascii: ";") {
        state = .extensions(value: value, inQuotes: false, escaped: false, last: byte)
      } else if byte.isOptionalWhitespace {
        try countExtension()
      } else if byte == UInt8(ascii: "\r"), limits.isOfAnswer {
        state = .sizeLineFeed(value: value)
      } else {
        throw .chunkSize
      }
    case .extensions(let value, let inQuotes, let escaped, let last):
      try stepExtension(byte, value, inQuotes, escaped, last)
    case .sizeLineFeed(let value):
      guard byte == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
      state = value == 0 ? .trailerStart : .data(left: value)
      if limits.isOfAnswer {
        extensionBytes = Int32(clamping: max(0, Int(extensionBytes) &- 16 &- 2 &* min(value, 4096)))
      }
    case .data, .finished: break
    case .dataCarriageReturn:
      guard byte == UInt8(ascii: "\r") else { throw .chunkEnd }
      state = .dataLineFeed
    case .dataLineFeed:
      guard byte == UInt8(ascii: "\n") else { throw .chunkEnd }
      state = .size(digits: 0, value: 0)
    case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
      try stepTrailer(byte)
    }
  }

  /// RFC 9112 section 7.1.1: `;name` or `;name=value`, a value being a token or a quoted string.
  private mutating func stepExtension(
    _ byte: UInt8, _ value: Int, _ inQuotes: Bool, _ escaped: Bool, _ last: UInt8
  ) throws(RequestFault) {
    try countExtension()
    if limits.isOfAnswer {
      if byte == UInt8(ascii: "\r") {
        state = .sizeLineFeed(value: value)
      } else if byte < 0x20 && byte != 0x09 || byte == 0x7F {
        throw .chunkExtension
      }
      return
    }
    if inQuotes {
      guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { throw .chunkExtension }
      if escaped {
        state = .extensions(value: value, inQuotes: true, escaped: false, last: last)
      } else if byte == UInt8(ascii: "\\") {
        state = .extensions(value: value, inQuotes: true, escaped: true, last: last)
      } else {
        let closes = byte == UInt8(ascii: "\"")
        state = .extensions(
          value: value, inQuotes: !closes, escaped: false, last: closes ? byte : last)
      }
      return
    }
    // `last` is the last mark, or a letter for what it began: `n` for a name, `v` for a token as value.
    switch byte {
    case UInt8(ascii: "\r"):
      guard last != UInt8(ascii: ";"), last != UInt8(ascii: "=") else { throw .chunkExtension }
      state = .sizeLineFeed(value: value)
    case UInt8(ascii: "\n"): throw .bareLineFeed
    case UInt8(ascii: ";"):
      guard last != UInt8(ascii: ";"), last != UInt8(ascii: "=") else { throw .chunkExtension }
      state = .extensions(value: value, inQuotes: false, escaped: false, last: byte)
    case UInt8(ascii: "="):
      guard last == UInt8(ascii: "n") else { throw .chunkExtension }
      state = .extensions(value: value, inQuotes: false, escaped: false, last: byte)
    case UInt8(ascii: "\""):
      guard last == UInt8(ascii: "=") else { throw .chunkExtension }
      state = .extensions(value: value, inQuotes: true, escaped: false, last: last)
    case 0x20, 0x09:
      // Bad whitespace next to `;` and `=`. No real software sends it, and parsers disagree about it.
      throw .chunkExtension
    default:
      guard ByteSet.token.contains(byte), last != UInt8(ascii: "\"") else { throw .chunkExtension }
      let isValue = last == UInt8(ascii: "=") || last == UInt8(ascii: "v")
      state = .extensions(
        value: value, inQuotes: false, escaped: false,
        last: isValue ? UInt8(ascii: "v") : UInt8(ascii: "n"))
    }
  }

  private mutating func countExtension() throws(RequestFault) {
    extensionBytes &+= 1
    if extensionBytes > limits.extensionBytes { throw .chunkExtensionsTooLong }
  }

  /// RFC 9112 section 7.1.2: field lines, then an empty one.
  private mutating func stepTrailer(_ byte: UInt8) throws(RequestFault) {
    trailerBytes &+= 1
    if trailerBytes > limits.trailerBytes { throw .trailersTooLong }
    switch state {
    case .trailerStart:
      if byte == UInt8(ascii: "\r") {
        state = .endLineFeed
      } else if limits.isOfAnswer, byte >= 0x20 || byte == 0x09, byte != 0x7F {
        state = .trailerValue
      } else if ByteSet.token.contains(byte) {
        state = .trailerName
      } else {
        throw byte == UInt8(ascii: "\n") ? .bareLineFeed : .trailer
      }
    case .trailerName:
      if byte == UInt8(ascii: ":") {
        state = .trailerValue
      } else if !ByteSet.token.contains(byte) {
        throw .trailer
      }
    case .trailerValue:
      if byte == UInt8(ascii: "\r") {
        state = .trailerLineFeed
      } else if byte == UInt8(ascii: "\n") {
        throw .bareLineFeed
      } else if byte < 0x20 && byte != 0x09 || byte == 0x7F {
        throw .trailer
      }
    case .trailerLineFeed:
      guard byte == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
      state = .trailerStart
    default:
      guard byte == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
      state = .finished
    }
  }
}
