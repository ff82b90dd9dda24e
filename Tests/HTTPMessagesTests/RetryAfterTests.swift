import Memory
import Testing

@testable import HTTPMessages

@Suite("Retry-After")
struct RetryAfterTests {
  private static let second: Int64 = 1_000_000_000

  /// Sun, 06 Nov 1994 08:49:07 GMT plus half a second.
  static let now: Int64 = 784_111_747 * second + second / 2

  private func delay(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    return RetryAfter.delay(bytes.span.bytesOfElements, wallTime: Self.now)
  }

  @Test(
    "is a number of seconds, or a date in any of the three forms",
    arguments: [
      ("3", 3 * second), ("0", 0), ("  120 ", 120 * second), ("007", 7 * second),
      ("99999999999999999999999999", 315_360_000 * second),
      ("Sun, 06 Nov 1994 08:49:37 GMT", 29 * second + second / 2),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 29 * second + second / 2),
      ("Sun Nov  6 08:49:37 1994", 29 * second + second / 2),
      ("Sun, 06 Nov 1994 08:49:07 GMT", 0), ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
      ("Sun, 06 Nov 1994 08:49:60 GMT", 52 * second + second / 2),
      ("Thu, 07 Nov 9994 08:49:37 GMT", 315_360_000 * second - second / 2),
      ("Tuesday, 29-Feb-00 00:00:00 GMT", 167_670_653 * second - second / 2),
    ])
  func valid(text: String, expected: Int64) { #expect(delay(text) == expected) }

  @Test(
    "is nothing when it is neither",
    arguments: [
      "", " ", "-1", "1.5", "3s", "+3", "0x10", "soon", "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET", "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 1900 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
      "Xxx, 06 Nov 1994 08:49:37 GMT",
      "Sunday,06-Nov-94 08:49:37 GMT", ",", "Sunday,", "Sun, 06 Nov 1994 08:4x:37 GMT",
    ])
  func invalid(text: String) { #expect(delay(text) == nil) }

  @Test("never traps, whatever the bytes", arguments: 0..<20 as Range<UInt64>)
  func anyBytes(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let seeds = [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ]
    for _ in 0..<2000 {
      var bytes = Array(seeds.randomElement(using: &random)!.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard !bytes.isEmpty else { break }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      let delay = RetryAfter.delay(bytes.span.bytesOfElements, wallTime: Self.now)
      #expect((delay ?? 0) >= 0)
    }
  }
}
