import Memory

@testable import Fleet

/// Promises about any sequence of bytes that a store may send.
enum RESPPromises {
  /// The promise that `bytes` break; nil if all are kept.
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
    for value in whole.values {
      if let reason = means(value) { return reason }
    }
    return nil
  }

  /// Whatever the store's words are, their effects stay within bounds.
  private static func means(_ value: RESPValue) -> String? {
    if let answer = LeaseAnswer(value) {
      for terms in [
        LeaseTerms(count: 1, period: 86_400_000_000_000, burst: 1 << 32, places: 0, content: ""),
        LeaseTerms(count: 0, period: 1, burst: 0, places: 3, content: ""),
        LeaseTerms(count: 1_000_000, period: 1_000_000, burst: 5, places: 7, content: ""),
      ] {
        var holder = LeaseHolder(terms)
        for now in [1, 2, 3] as [Int64] {
          guard holder.question(at: now * 1_000_000_000) != nil else { continue }
          _ = holder.answered(answer, at: now * 1_000_000_000)
          guard holder.held.fraction <= LeaseScript.units, holder.held.burst <= terms.burst,
            holder.held.places <= Int64(terms.places), holder.members >= 0
          else { return "a store gives no more than there is" }
          _ = holder.share
        }
      }
    }
    let pauses = SharedPause.list(value) ?? []
    var told: [SharedPause] = []
    if let text = value.text, case .pause(let pause, _)? = PauseNews(text) { told = [pause] }
    for pause in pauses + told
    where !(0...3_600_000_000_000).contains(pause.remaining) || !(1..<16).contains(pause.level) {
      return "a pause is an hour at most, and slows"
    }
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
