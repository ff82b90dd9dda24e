internal import Memory

/// Why what a store sends does not follow the protocol, or is too large.
package enum RESPDefect: Error, Equatable, Sendable {
  /// A value begins with this byte, which has no meaning in version 2.
  case unknownKind(UInt8)
  /// A number or a length is malformed or out of range.
  case badNumber
  /// A line or a bulk string is not ended by CR LF.
  case badEnd
  /// Longer, deeper or more than ``RESPReader`` accepts.
  case tooBig
}

/// Reads values from bytes in pieces of any size. What it keeps of an incomplete value is bounded.
///
/// After a defect the connection is of no use, because it is not known where the next value begins.
package struct RESPReader: Sendable {
  /// The most bytes of a status, an error or a number.
  package static let longestLine = 4_096
  /// The most bytes of a bulk string.
  package static let longestBulk = 1 << 20
  /// The most bytes of all bulk strings of one value.
  package static let longestValue = 4 << 20
  /// The most elements of one value, including those of nested arrays.
  package static let mostElements = 65_536
  package static let deepest = 8

  private enum Place: Sendable {
    /// Before the byte that gives the kind of the next value.
    case kind
    /// In the line of a value of this kind.
    case line(UInt8)
    /// In a bulk string that lacks this many bytes.
    case bulk(Int)
    /// Before the CR, then the LF, that end a bulk string.
    case bulkEnd(UInt8)
  }

  private struct OpenArray: Sendable {
    var missing: Int
    var values: [RESPValue] = []
  }

  private var place = Place.kind
  private var bytes: [UInt8] = []
  private var open: [OpenArray] = []
  /// Bytes and elements of the current value so far.
  private var size = 0
  private var elements = 0

  package init() {}

  /// Whether it is between two values.
  package var isAtRest: Bool {
    if case .kind = place { return open.isEmpty }
    return false
  }

  /// Reads on from `position`, and moves `position` to the end of what was read.
  ///
  /// - Returns: A value, if one has ended; nil if all bytes were read.
  package mutating func next(
    _ input: RawSpan, from position: inout Int
  ) throws(RESPDefect) -> RESPValue? {
    while position < input.byteCount {
      var value: RESPValue?
      switch place {
      case .kind:
        let kind = input[position]
        guard "+-:$*".utf8.contains(kind) else { throw .unknownKind(kind) }
        position += 1
        place = .line(kind)
      case .line(let kind):
        value = try readLine(kind, input, &position)
      case .bulk(let missing):
        let end = min(input.byteCount, position + missing)
        input.slice(position, end).append(to: &bytes)
        let left = missing - (end - position)
        position = end
        place = left > 0 ? .bulk(left) : .bulkEnd(0x0D)
      case .bulkEnd(let byte):
        guard input[position] == byte else { throw .badEnd }
        position += 1
        if byte == 0x0D {
          place = .bulkEnd(0x0A)
        } else {
          value = .bulk(bytes)
          bytes = []
          place = .kind
        }
      }
      if let value, let whole = try close(value) { return whole }
    }
    return nil
  }

  private mutating func readLine(
    _ kind: UInt8, _ input: RawSpan, _ position: inout Int
  ) throws(RESPDefect) -> RESPValue? {
    let end = input.firstIndex(of: 0x0A, from: position)
    let stop = min(end, input.byteCount)
    guard bytes.count + (stop - position) <= RESPReader.longestLine else { throw .tooBig }
    input.slice(position, stop).append(to: &bytes)
    position = stop
    guard stop < input.byteCount else { return nil }
    position += 1
    guard bytes.last == 0x0D else { throw .badEnd }
    bytes.removeLast()
    let line = bytes
    bytes = []
    place = .kind
    switch kind {
    case UInt8(ascii: "+"): return .simple(String(decoding: line, as: UTF8.self))
    case UInt8(ascii: "-"): return .error(String(decoding: line, as: UTF8.self))
    case UInt8(ascii: ":"): return .integer(try RESPReader.number(line))
    case UInt8(ascii: "$"):
      let count = try RESPReader.number(line)
      if count == -1 { return .null }
      guard count >= 0 else { throw .badNumber }
      guard count <= RESPReader.longestBulk, size + Int(count) <= RESPReader.longestValue else {
        throw .tooBig
      }
      size += Int(count)
      place = count == 0 ? .bulkEnd(0x0D) : .bulk(Int(count))
      return nil
    default:
      let count = try RESPReader.number(line)
      if count == -1 { return .null }
      guard count >= 0 else { throw .badNumber }
      guard count <= RESPReader.mostElements, open.count < RESPReader.deepest else { throw .tooBig }
      if count == 0 { return .array([]) }
      open.append(OpenArray(missing: Int(count)))
      return nil
    }
  }

  /// Adds a value where it belongs. Returns the outermost one when it has ended.
  private mutating func close(_ value: RESPValue) throws(RESPDefect) -> RESPValue? {
    var value = value
    while true {
      elements += 1
      guard elements <= RESPReader.mostElements else { throw .tooBig }
      guard var array = open.popLast() else {
        size = 0
        elements = 0
        return value
      }
      array.values.append(value)
      array.missing -= 1
      guard array.missing == 0 else {
        open.append(array)
        return nil
      }
      value = .array(array.values)
    }
  }

  /// A decimal number, with or without a minus sign, in 64 bits.
  private static func number(_ line: [UInt8]) throws(RESPDefect) -> Int64 {
    guard !line.isEmpty, line.count <= 20, line[0] != UInt8(ascii: "+"),
      let number = Int64(String(decoding: line, as: UTF8.self))
    else { throw .badNumber }
    return number
  }
}

extension RawSpan {
  fileprivate func append(to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + byteCount)
    for index in 0..<byteCount { bytes.append(self[index]) }
  }
}
