import Testing

@testable import TrafficLog

@Suite("What an operator hears of lost lines")
struct LossReportTests {
  private let start: Int64 = 5_000_000_000

  @Test("The first loss is told at once, further ones once a minute, and the end of it")
  func pace() {
    var report = LossReport()
    func at(_ seconds: Int, _ lost: Int, _ failure: String? = "disk full") -> String? {
      report.line(
        lost: lost, failure: failure, log: "x.log", at: start + Int64(seconds) * 1_000_000_000)
    }
    #expect(at(0, 0, nil) == nil)
    #expect(
      at(1, 3) == "3 lines of the traffic log are lost so far: x.log cannot be written: disk full")
    #expect(at(2, 10) == nil && report.isBehind(lost: 10))
    #expect(at(60, 20) == nil)
    #expect(at(61, 21)?.hasPrefix("21 lines") == true && !report.isBehind(lost: 21))
    #expect(at(130, 21) == nil, "nothing more is lost")
    #expect(
      at(131, 22, nil)
        == "the traffic log x.log is written again; 22 lines of it are lost so far")
    #expect(at(132, 22, nil) == nil)
    // A disk that fails repeatedly does not fill the screen.
    #expect(at(133, 25)?.hasPrefix("25 lines") == true)
    #expect(at(134, 25, nil)?.contains("written again") == true)
    #expect(at(135, 26) == nil && at(136, 26, nil) == nil && report.isBehind(lost: 26))
    #expect(at(193, 26, nil)?.hasPrefix("26 lines") == true)
  }

  @Test("Lines lost to a full queue are told too, with another reason")
  func queue() {
    var report = LossReport()
    let line = report.line(lost: 5, failure: nil, log: "-", at: start)
    #expect(
      line == "5 lines of the traffic log are lost so far: - is written more slowly than calls end")
    #expect(report.line(lost: 5, failure: nil, log: "-", at: start) == nil)
  }
}
