import Testing

@testable import Gateway

@Suite("What an operator is told of an export")
struct ExportReportTests {
  private static let minute: Int64 = 60_000_000_000

  @Test("Nothing is told while everything is taken")
  func quiet() {
    var report = ExportReport("spans", to: "http://c")
    for time in 0..<3 { #expect(report.notice(lost: 0, failure: nil, at: Int64(time)) == nil) }
  }

  @Test("A collector that is away is told once, and once that it is back")
  func away() {
    var report = ExportReport("spans", to: "http://c")
    #expect(
      report.notice(lost: 2, failure: "gone", at: 1)
        == .warning("spans are not exported: http://c: gone; those of 2 calls are lost so far"))
    #expect(report.notice(lost: 4, failure: "gone", at: 2) == nil)
    #expect(report.notice(lost: 9, failure: "other", at: 2 * Self.minute) == nil)
    #expect(
      report.notice(lost: 9, failure: nil, at: 3 * Self.minute)
        == .info("spans are exported again; those of 9 calls are lost so far"))
    #expect(report.notice(lost: 9, failure: nil, at: 4 * Self.minute) == nil)
  }

  @Test("One that comes and goes is complained of once a minute")
  func flapping() {
    var report = ExportReport("spans", to: "http://c")
    #expect(report.notice(lost: 1, failure: "x", at: 0)?.level == .warning)
    #expect(report.notice(lost: 1, failure: nil, at: 1)?.level == .info)
    #expect(report.notice(lost: 2, failure: "x", at: 2) == nil)
    #expect(report.notice(lost: 2, failure: nil, at: 3) == nil)
    #expect(report.notice(lost: 3, failure: "x", at: Self.minute)?.level == .warning)
  }

  @Test("A queue that overflows is told once a minute, as long as it does")
  func overflow() {
    var report = ExportReport("log records", to: "http://c")
    #expect(
      report.notice(lost: 5, failure: nil, at: 0)
        == .warning(
          "log records of 5 calls are lost so far: calls end faster than http://c takes them"))
    #expect(report.notice(lost: 6, failure: nil, at: 1) == nil)
    #expect(report.notice(lost: 6, failure: nil, at: Self.minute)?.level == .warning)
    #expect(report.notice(lost: 6, failure: nil, at: 3 * Self.minute) == nil)
  }
}
