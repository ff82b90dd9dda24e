import Foundation
import Glibc
import Memory
import Testing

@testable import TextCoding

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
    // Proof: both are local values of this function, and the C library keeps no pointer to them.
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

  @Test("a date and a time of day are the second they came from, before 1970 as well")
  func backAgain() {
    var random = SplitMix64(state: 11)
    let some = [0, -1, 951_782_400, -2_208_988_800, -62_167_219_200]
    for seconds in some
      + (0..<20_000).map({ _ in
        Int.random(in: -200_000_000_000...253_402_300_799, using: &random)
      })
    {
      let time = CalendarTime(secondsSince1970: seconds)
      #expect(
        CalendarTime.secondsSince1970(
          year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute,
          second: time.second) == seconds)
      #expect(text(time) == system(seconds))
      #expect(1...CalendarTime.days(in: time.month, of: time.year) ~= time.day)
    }
  }

  @Test("days beyond a month's end and months beyond December count on")
  func countsOn() {
    func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
      CalendarTime.secondsSince1970(year: year, month: month, day: day) / 86_400
    }
    #expect(day(2026, 2, 31) == day(2026, 3, 3))
    #expect(day(2026, 13, 1) == day(2027, 1, 1))
    #expect(day(2026, 15, 31) == day(2027, 3, 31))
  }

  @Test(
    "a month has its days, leap years and centuries included",
    arguments: [
      (2026, 1, 31), (2026, 4, 30), (2026, 2, 28), (2024, 2, 29), (1900, 2, 28), (2000, 2, 29),
    ])
  func lengths(year: Int, month: Int, days: Int) {
    #expect(CalendarTime.days(in: month, of: year) == days)
  }

  @Test("stamps agree with Foundation's, leap years and centuries included")
  func stamps() {
    let formatter = ISO8601DateFormatter()
    var random = SplitMix64(state: 3)
    var moments = [0, 951_782_399, 951_782_400, 951_868_800, 4_107_542_399, 253_402_300_799]
    for _ in 0..<2000 { moments.append(.random(in: 0...32_503_680_000, using: &random)) }
    for moment in moments {
      #expect(
        CalendarTime(secondsSince1970: moment).stamp + "Z"
          == formatter.string(from: Date(timeIntervalSince1970: Double(moment))))
    }
    #expect(CalendarTime(secondsSince1970: 253_402_300_800).stamp == "10000-01-01T00:00:00")
  }
}
