/// An answer of `/api/traffic`, parsed. Each record is on its own line.
package struct TrafficAnswer: Sendable {
  package var records: [CallRecord] = []
  /// Where the next query continues; nil if there is no more.
  package var next: String?
  /// The URL where the gateway that answered serves callers; nil if the answer has none.
  package var gateway: String?
  /// False if the time limit expired before everything was searched.
  package var isComplete: Bool

  private static let recordStart = Array("{\"timestamp\"".utf8)

  package init(_ body: String) {
    // By bytes, because reading a thousand records character by character would take longer than finding them.
    let bytes = Array(body.utf8)
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    for line in lines where line.starts(with: TrafficAnswer.recordStart) {
      let text = line.last == UInt8(ascii: ",") ? line.dropLast() : line
      if let record = CallRecord(line: Array(text)) { records.append(record) }
    }
    let ending = String(decoding: lines.last ?? [], as: UTF8.self)
    isComplete = ending.hasSuffix("\"complete\":true}")
    let quoted = ending.split(separator: "\"", omittingEmptySubsequences: false)
    if quoted.count > 3, ["before", "after"].contains(quoted[1]), Int64(quoted[3]) != nil {
      next = String(quoted[3])
    }
    if let name = quoted.firstIndex(of: "gateway"), quoted.indices.contains(name + 2) {
      gateway = String(decoding: CallRecord.plain(String(quoted[name + 2])), as: UTF8.self)
    }
  }
}
