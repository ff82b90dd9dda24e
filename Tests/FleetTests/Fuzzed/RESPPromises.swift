import Memory

@testable import Fleet

/// What holds for every sequence of bytes that a store may send.
enum RESPPromises {
  /// The promise that `bytes` break; nil when all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    let whole = read(bytes, pieces: bytes.count)
    for size in [1, 2, 7] {
      let other = read(bytes, pieces: size)
      if other.values != whole.values || other.defect != whole.defect {
        return "pieces of \(size) bytes bring other values"
      }
    }
    if whole.defect == nil {
      var again = ByteBuffer()
      for value in whole.values { put(value, into: &again) }
      let second = read(again.bytes.copied(), pieces: 64)
      if second.defect != nil || second.values != whole.values {
        return "what was read reads the same"
      }
    }
    for value in whole.values { _ = LeaseAnswer(value) }
    return nil
  }

  private static func read(
    _ bytes: [UInt8], pieces: Int
  ) -> (values: [RESPValue], defect: RESPDefect?) {
    var reader = RESPReader()
    var values: [RESPValue] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + max(1, pieces))
      let piece = Array(bytes[start..<end])
      start = end
      var position = 0
      do throws(RESPDefect) {
        while let value = try reader.next(piece.span.bytesOfElements, from: &position) {
          values.append(value)
        }
      } catch { return (values, error) }
    }
    return (values, nil)
  }

  static func put(_ value: RESPValue, into out: inout ByteBuffer) {
    switch value {
    case .simple(let text): out.put(text: "+\(text)\r\n")
    case .error(let text): out.put(text: "-\(text)\r\n")
    case .integer(let number): out.put(text: ":\(number)\r\n")
    case .null: out.put("$-1\r\n")
    case .bulk(let bytes):
      out.put(text: "$\(bytes.count)\r\n")
      out.put(contentsOf: bytes)
      out.put("\r\n")
    case .array(let list):
      out.put(text: "*\(list.count)\r\n")
      for value in list { put(value, into: &out) }
    }
  }
}
