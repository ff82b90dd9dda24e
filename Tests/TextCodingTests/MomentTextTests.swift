import Memory
import Testing

@testable import TextCoding

@Suite("Moments as ISO 8601")
struct MomentTextTests {
  private func read(_ text: String) -> MomentText? {
    let bytes = Array(text.utf8)
    return MomentText(bytes.span.bytesOfElements)
  }

  @Test(
    "they are read with and without time, fraction and zone",
    arguments: [
      ("1970-01-02", 86_400), ("1970-01-01T00:00:01", 1), ("1970-01-01T00:00:01.123456Z", 1),
      ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:00:00-01:00", 0),
      ("1969-12-31T23:59:59Z", -1), ("2026-11-24T07:01:60Z", 1_795_503_720),
      ("2026-02-31", 1_772_496_000),
    ])
  func good(text: String, seconds: Int) { #expect(read(text)?.seconds == seconds) }

  @Test(
    "anything else is not one",
    arguments: [
      "1970-13-01", "1970-00-01", "1970-01-32", "1970-01-01T24:00:00", "1970-01-01T00:60:00",
      "1970-01-01T00:00:61", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.",
      "1970-01-01T00:00:00ZZ",
      "1970-01-01T00:00:00z", "1970-01-01 00:00:00", "1970-01-01T00:00", "1970-01-01T", "1970-1-1",
      "1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+01:60",
      "1970-01-01T00:00:00+01:00Z", "197O-01-01", "", "x",
    ])
  func bad(text: String) { #expect(read(text) == nil) }

  @Test(
    "its parts are told: year, digits and value of the fraction, zone",
    arguments: [
      ("2026-11-24", 0, 0, .none), ("2026-11-24T07:01:33.5Z", 1, 500_000_000, .utc),
      ("2026-11-24T07:01:33.000000001", 9, 1, .none),
      ("2026-11-24T07:01:33.1234567899+00:00", 10, 123_456_789, .offset),
    ] as [(String, Int, Int, MomentText.Zone)])
  func parts(text: String, digits: Int, nanoseconds: Int, zone: MomentText.Zone) throws {
    let moment = try #require(read(text))
    #expect(moment.year == 2026)
    #expect(moment.fractionDigits == digits)
    #expect(moment.nanoseconds == nanoseconds)
    #expect(moment.zone == zone)
  }

  @Test("what is written is read back")
  func writtenBack() {
    var random = SplitMix64(state: 5)
    for _ in 0..<2_000 {
      let seconds = Int.random(in: -62_167_219_200...253_402_300_799, using: &random)
      #expect(read(CalendarTime(secondsSince1970: seconds).stamp + "Z")?.seconds == seconds)
    }
  }
}
