import Gateway
import Testing

/// When a service manager is notified, and of what.
@Suite struct WatchdogTimerTests {
  private static let second: Int64 = 1_000_000_000

  private static func timer(
    _ microseconds: String? = "10000000", process: String? = nil
  ) -> WatchdogTimer? {
    WatchdogTimer(microseconds: microseconds, process: process, ownProcess: 7, at: 0)
  }

  @Test("A watchdog is told at half of its time, as long as each loop turns in between")
  func turning() throws {
    var timer = try #require(WatchdogTimerTests.timer())
    #expect(timer.interval == 5 * WatchdogTimerTests.second)
    #expect(timer.look(turns: [1, 1], at: 0) == .init(notifies: true, wakes: true))
    #expect(timer.look(turns: [2, 2], at: 4 * WatchdogTimerTests.second) == .init())
    #expect(timer.due == 5 * WatchdogTimerTests.second)
    #expect(
      timer.look(turns: [2, 2], at: 5 * WatchdogTimerTests.second)
        == .init(notifies: true, wakes: true))
  }

  @Test("A loop that hangs keeps the notice back, until it turns again")
  func hanging() throws {
    var timer = try #require(WatchdogTimerTests.timer())
    let look = { (timer: inout WatchdogTimer, turns: [UInt64], second: Int64) in
      timer.look(turns: turns, at: second * WatchdogTimerTests.second).notifies
    }
    #expect(look(&timer, [1, 1], 0))
    #expect(!look(&timer, [9, 1], 5))
    #expect(!look(&timer, [12, 1], 10))
    #expect(look(&timer, [13, 2], 15))
    // A loop that has ended need not turn.
    #expect(timer.look(turns: [14, 2], endedLoops: 1, at: 20 * WatchdogTimerTests.second).notifies)
  }

  @Test("After a pause of the process it is told once, not once for each time that was missed")
  func pause() throws {
    var timer = try #require(WatchdogTimerTests.timer())
    _ = timer.look(turns: [1], at: 0)
    #expect(timer.look(turns: [2], at: 60 * WatchdogTimerTests.second).notifies)
    #expect(timer.due > 60 * WatchdogTimerTests.second)
  }

  @Test("Only a watchdog that waits for this process is told")
  func whose() {
    #expect(WatchdogTimerTests.timer(process: "7") != nil)
    #expect(WatchdogTimerTests.timer(process: "8") == nil)
    for text in [nil, "", "0", "1", "-5", "soon", "9223372036854775807"] {
      #expect(WatchdogTimerTests.timer(text) == nil)
    }
  }

  @Test("Notices read as sd_notify(3) has them, a line each")
  func texts() {
    #expect(
      ServiceNotice.ready(process: 5, status: "serving\ncallers").text
        == "READY=1\nMAINPID=5\nSTATUS=serving callers\n")
    #expect(
      ServiceNotice.reloading(at: 1_234_567_890).text
        == "RELOADING=1\nMONOTONIC_USEC=1234567\n")
    #expect(ServiceNotice.stopping.text.hasPrefix("STOPPING=1\n"))
    #expect(ServiceNotice.watchdog.text == "WATCHDOG=1\n")
    #expect(ServiceNotice.successor(process: 9).text == "MAINPID=9\n")
    #expect(ServiceNotice.status(String(repeating: "x", count: 999)).text.count < 320)
  }
}
