import Glibc
import Memory
import Testing

@testable import HTTPMessages

@Suite("Calendar time")
struct CalendarTimeTests {
  private func text(_ time: CalendarTime) -> String {
    "\(time.year)-\(time.month)-\(time.day) \(time.hour):\(time.minute):\(time.second) \(time.weekday)"
  }

  @Test(
    "known seconds are known dates",
    arguments: [
      (0, "1970-1-1 0:0:0 4"), (59, "1970-1-1 0:0:59 4"), (86_399, "1970-1-1 23:59:59 4"),
      (86_400, "1970-1-2 0:0:0 5"), (68_169_599, "1972-2-28 23:59:59 1"),
      (68_169_600, "1972-2-29 0:0:0 2"), (68_256_000, "1972-3-1 0:0:0 3"),
      (784_111_777, "1994-11-6 8:49:37 0"), (951_782_400, "2000-2-29 0:0:0 2"),
      (1_709_164_800, "2024-2-29 0:0:0 4"), (1_795_501_307, "2026-11-24 6:21:47 2"),
      (1_798_761_599, "2026-12-31 23:59:59 4"), (2_147_483_648, "2038-1-19 3:14:8 2"),
      (4_107_542_399, "2100-2-28 23:59:59 0"), (4_107_542_400, "2100-3-1 0:0:0 1"),
      (13_574_563_200, "2400-2-29 0:0:0 2"), (253_402_300_799, "9999-12-31 23:59:59 5"),
    ])
  func known(seconds: Int, expected: String) {
    #expect(text(CalendarTime(secondsSince1970: seconds)) == expected)
  }

  @Test("its stamp has two digits a part, and four for the year")
  func stamp() {
    #expect(CalendarTime(secondsSince1970: 68_169_600).stamp == "1972-02-29T00:00:00")
    #expect(CalendarTime(secondsSince1970: 1_798_761_599).stamp == "2026-12-31T23:59:59")
  }

  private func system(_ seconds: Int) -> String {
    var time = time_t(seconds)
    // Proof: both are values of this function, and the C library keeps no pointer to them.
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&time, &parts)
    let date = unsafe "\(parts.tm_year + 1900)-\(parts.tm_mon + 1)-\(parts.tm_mday)"
    let clock = unsafe "\(parts.tm_hour):\(parts.tm_min):\(parts.tm_sec)"
    return unsafe "\(date) \(clock) \(parts.tm_wday)"
  }

  @Test("any second up to the year 9999 is what the system's library says")
  func random() {
    var random = SplitMix64(state: 7)
    for _ in 0..<20_000 {
      let seconds = Int.random(in: 0...253_402_300_799, using: &random)
      #expect(text(CalendarTime(secondsSince1970: seconds)) == system(seconds))
    }
  }

  @Test("so is every day of four hundred years, which is when the calendar begins anew")
  func everyDay() {
    for day in 0..<146_097 {
      let seconds = day * 86_400 + day % 86_400
      let time = CalendarTime(secondsSince1970: seconds)
      if text(time) != system(seconds) { Issue.record("\(seconds): \(text(time))") }
    }
  }

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
      // A clock that is set back is followed as well.
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
