import Memory
import Testing

@testable import TrafficLog

@Suite("Batches that wait for the log's thread")
struct WaitingBatchesTests {
  @Test(
    "come out in order and whole, also when more wait than there are places",
    arguments: [0, 1, 2, 8, 9, 30])
  func order(count: Int) {
    var batches = WaitingBatches()
    var handed = ""
    for number in 0..<count {
      var lines = ByteBuffer()
      let text = "line \(number)\n"
      lines.put(text: text)
      batches.take(&lines)
      let isEmpty = lines.isEmpty
      #expect(isEmpty)
      handed += text
    }
    let byteCount = batches.byteCount
    #expect(byteCount == handed.utf8.count)
    #expect(text(of: batches) == handed)
  }

  @Test("are gone once they are written, and the next ones come out alone")
  func again() {
    var batches = WaitingBatches()
    for round in 0..<3 {
      var handed = ""
      for number in 0..<(3 * round + 3) {
        var lines = ByteBuffer()
        lines.put(text: "round \(round), line \(number)\n")
        handed += lines.bytes.text
        batches.take(&lines)
      }
      #expect(text(of: batches) == handed)
      batches.removeAll()
      let rest = (batches.count, batches.byteCount)
      #expect(rest == (0, 0))
    }
  }

  private func text(of batches: borrowing WaitingBatches) -> String {
    var text = ""
    for index in 0..<batches.count { text += batches[index].text }
    return text
  }
}
