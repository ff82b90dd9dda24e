import Memory
import Testing

@testable import EventLoop

@Suite("The timer wheel")
struct TimerWheelTests {
  private static let someone = SlabHandle(bits: 1 << 32 | 7)

  /// A time in the middle of `tick`.
  private static func time(in tick: Int64) -> Int64 { tick << TimerWheel.tickShift + 1000 }

  @Test(
    "A tick is due when all of it lies behind the time asked for", arguments: [0, 1, 99_999_999])
  func tickAfter(_ time: Int64) {
    let begins = TimerWheel.tick(after: time) << TimerWheel.tickShift
    #expect(begins > time && begins - time <= 1 << TimerWheel.tickShift)
  }

  @Test(
    "What is due in the wheel's turn is found at its tick, from wherever the wheel stands",
    arguments: [0, 1, 63, 64, 4095, 4096, 123_456], [1, 2, 63, 64, 65, 1000, 4094, 4095])
  func found(_ now: Int64, _ distance: Int64) {
    var wheel = TimerWheel(now: TimerWheelTests.time(in: now))
    let tick = wheel.slotTick(for: now + distance)
    #expect(tick == now + distance)
    wheel.setHead(TimerWheelTests.someone, at: tick)
    wheel.added()
    #expect(wheel.nextTick() == tick)
    #expect(wheel.takeDue(now: TimerWheelTests.time(in: tick - 1)) == nil)
    #expect(wheel.takeDue(now: TimerWheelTests.time(in: tick)) == tick)
    #expect(wheel.head(at: tick) == TimerWheelTests.someone)
  }

  @Test("What is due beyond the wheel's turn waits in its last slot", arguments: [4096, 1 << 40])
  func beyond(_ distance: Int64) {
    let wheel = TimerWheel(now: TimerWheelTests.time(in: 50))
    #expect(wheel.slotTick(for: 50 + distance) == 50 + 4095)
  }

  @Test("What is due already gets the next tick")
  func overdue() {
    let wheel = TimerWheel(now: TimerWheelTests.time(in: 50))
    #expect(wheel.slotTick(for: 3) == 51)
  }

  @Test("After a long sleep every slot comes up, in order")
  func afterSleep() {
    var wheel = TimerWheel(now: 0)
    let ticks: [Int64] = [1, 64, 65, 4095]
    for tick in ticks {
      wheel.setHead(TimerWheelTests.someone, at: tick)
      wheel.added()
    }
    var found: [Int64] = []
    while let tick = wheel.takeDue(now: TimerWheelTests.time(in: 1_000_000)) {
      found.append(tick)
      wheel.setHead(.none, at: tick)
      wheel.removed()
    }
    #expect(found == ticks)
    #expect(wheel.currentTick == 1_000_000)
    #expect(wheel.nextTick() == nil)
  }
}
