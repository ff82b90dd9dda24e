import Memory
import Testing

@testable import HTTPMessages

@Suite("The current second as texts")
struct DateTextsTests {
  private func texts(_ dates: borrowing DateTexts) -> [String] {
    var out = ByteBuffer()
    dates.putFieldLine(into: &out)
    let field = out.bytes.text
    out.removeAll()
    dates.putStampPrefix(into: &out)
    return [field, out.bytes.text]
  }

  @Test("the texts are those RFC 9110 section 5.6.7 and RFC 3339 ask for, and follow the clock")
  func dateTexts() {
    var dates = DateTexts()
    let second: Int64 = 1_000_000_000
    for (time, expected) in [
      (784_111_777 * second, ["Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T08:49:37."]),
      (
        784_111_778 * second - 1,
        ["Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "1994-11-06T08:49:37."]
      ),
      (784_111_778 * second, ["Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n", "1994-11-06T08:49:38."]),
      // A clock that is set back is followed too.
      (0, ["Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "1970-01-01T00:00:00."]),
      (
        1_795_501_307 * second + 999_999_999,
        ["Date: Tue, 24 Nov 2026 06:21:47 GMT\r\n", "2026-11-24T06:21:47."]
      ),
      (
        951_825_599 * second,
        ["Date: Tue, 29 Feb 2000 11:59:59 GMT\r\n", "2000-02-29T11:59:59."]
      ),
    ] as [(Int64, [String])] {
      dates.update(wallTime: time)
      let texts = texts(dates)
      #expect(texts == expected)
    }
  }

  @Test(
    "a clock before 1970 gives 1970, and a date all the same",
    arguments: [-1, -2_000_000_000, Int64.min])
  func beforeTheEpoch(time: Int64) {
    var dates = DateTexts()
    dates.update(wallTime: time)
    let texts = texts(dates)
    #expect(texts == ["Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "1970-01-01T00:00:00."])
  }
}
