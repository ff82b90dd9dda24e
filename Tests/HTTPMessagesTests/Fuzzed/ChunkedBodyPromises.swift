import Memory

@testable import HTTPMessages

/// Promises about any sequence of bytes that arrives as a chunked body.
enum ChunkedBodyPromises {
  enum Outcome: Equatable {
    case unfinished, finished, refused
  }

  struct Reading: Equatable {
    var data: [UInt8] = []
    var outcome = Outcome.unfinished
    /// The number of bytes after the body.
    var rest = 0
  }

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    var limits = ChunkLimits()
    let whole = read(bytes, pieces: bytes.count, limits)
    let plain = PlainChunks.read(bytes)
    // The plain reader has no limits. Inputs that are shorter than the limits cannot reach them.
    if bytes.count <= min(limits.extensionBytes, limits.trailerBytes), whole != plain {
      return "read alike by a plain reader\ndecoder: \(whole)\nplain: \(plain)"
    }
    let forgiven = read(bytes, pieces: bytes.count, .answers)
    if whole.outcome == .finished, forgiven != whole { return "answers are read no worse" }
    // The piece sizes depend only on the input, so that a failure can be repeated.
    let seed = bytes.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
    for pieces in [1, 2, 3 + seed % 13, 16 + seed % 101] {
      let other = read(bytes, pieces: pieces, limits)
      if other != whole {
        return "read alike in pieces of \(pieces)\npieces: \(other)\nwhole: \(whole)"
      }
      if read(bytes, pieces: pieces, .answers) != forgiven {
        return "answers are read alike in pieces"
      }
    }
    limits.extensionBytes = 8
    limits.trailerBytes = 12
    let small = read(bytes, pieces: bytes.count, limits)
    if small != read(bytes, pieces: 1, limits) { return "limits act alike in pieces" }
    if small.outcome != .refused, small != whole { return "limits only refuse" }
    return nil
  }

  private static func read(_ bytes: [UInt8], pieces: Int, _ limits: ChunkLimits) -> Reading {
    var decoder = ChunkedDecoder(limits: limits)
    var reading = Reading()
    var pieceStart = 0
    while pieceStart < bytes.count {
      let pieceEnd = min(bytes.count, pieceStart + max(1, pieces))
      // A separate copy, so that a read beyond the piece is a read beyond an allocation.
      let piece = Array(bytes[pieceStart..<pieceEnd])
      let span = piece.span.bytesOfElements
      var at = 0
      while at < span.byteCount, !decoder.isFinished {
        do throws(RequestFault) {
          let run = try decoder.next(span, from: at)
          reading.data += span.slice(run.dataStart, run.dataEnd).copied()
          // A decoder that neither advances nor finishes would block its caller for ever.
          precondition(run.next > at || decoder.isFinished)
          at = run.next
        } catch {
          reading.outcome = .refused
          return reading
        }
      }
      reading.rest += span.byteCount - at
      pieceStart = pieceEnd
    }
    if decoder.isFinished { reading.outcome = .finished }
    return reading
  }
}

/// A slow reader of chunked bodies, from the grammar of RFC 9112 section 7.1. It allows whitespace only where real
/// senders put it: between a size and the following `;`.
enum PlainChunks {
  /// Why reading stopped early.
  private enum Stop: Error { case end, refused }

  static func read(_ bytes: [UInt8]) -> ChunkedBodyPromises.Reading {
    var reading = ChunkedBodyPromises.Reading()
    var rest = bytes[...]
    do throws(Stop) {
      while true {
        let size = try sizeLine(&rest)
        if size == 0 { break }
        let data = rest.prefix(size)
        reading.data += data
        rest = rest.dropFirst(data.count)
        if data.count < size { throw .end }
        try take(0x0D, &rest)
        try take(0x0A, &rest)
      }
      while try peek(rest) != 0x0D {
        while try peek(rest) != 0x3A {
          guard PlainHead.isToken([try peek(rest)]) else { throw .refused }
          rest.removeFirst()
        }
        // An empty name.
        if rest.startIndex == 0 || bytes[rest.startIndex - 1] == 0x0A { throw .refused }
        while try peek(rest) != 0x0D {
          let byte = try peek(rest)
          guard byte == 0x09 || byte >= 0x20 && byte != 0x7F else { throw .refused }
          rest.removeFirst()
        }
        try take(0x0D, &rest)
        try take(0x0A, &rest)
      }
      try take(0x0D, &rest)
      try take(0x0A, &rest)
      reading.outcome = .finished
      reading.rest = rest.count
    } catch {
      reading.outcome = error == .end ? .unfinished : .refused
    }
    return reading
  }

  private static func peek(_ rest: ArraySlice<UInt8>) throws(Stop) -> UInt8 {
    guard let byte = rest.first else { throw .end }
    return byte
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) throws(Stop) {
    guard try peek(rest) == byte else { throw .refused }
    rest.removeFirst()
  }

  private static func token(_ rest: inout ArraySlice<UInt8>) throws(Stop) {
    guard PlainHead.isToken([try peek(rest)]) else { throw .refused }
    while PlainHead.isToken([try peek(rest)]) { rest.removeFirst() }
  }

  private static func sizeLine(_ rest: inout ArraySlice<UInt8>) throws(Stop) -> Int {
    var digits = ""
    while let digit = Character(Unicode.Scalar(try peek(rest))).hexDigitValue,
      rest[rest.startIndex] < 0x80
    {
      digits += String(digit, radix: 16)
      if digits.count > 15 { throw .refused }
      rest.removeFirst()
    }
    guard let size = Int(digits, radix: 16) else { throw .refused }
    if isBlank(try peek(rest)) {
      while isBlank(try peek(rest)) { rest.removeFirst() }
      guard try peek(rest) == 0x3B else { throw .refused }
    }
    while try peek(rest) == 0x3B {
      rest.removeFirst()
      try token(&rest)
      guard try peek(rest) == 0x3D else { continue }
      rest.removeFirst()
      if try peek(rest) == 0x22 { try quotedString(&rest) } else { try token(&rest) }
    }
    try take(0x0D, &rest)
    try take(0x0A, &rest)
    return size
  }

  private static func quotedString(_ rest: inout ArraySlice<UInt8>) throws(Stop) {
    rest.removeFirst()
    while true {
      var byte = try peek(rest)
      rest.removeFirst()
      if byte == 0x22 { return }
      if byte == 0x5C {
        byte = try peek(rest)
        rest.removeFirst()
      }
      guard byte == 0x09 || byte >= 0x20 && byte != 0x7F else { throw .refused }
    }
  }
}
