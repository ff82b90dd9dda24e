import Testing

@testable import Sandbox

/// Virtual time without a sandbox.
@Suite struct ClockTests {
  /// 2026-03-01T12:00:00Z, in milliseconds.
  let real = 1_772_366_400_000
  let hour = 3_600_000

  private func work(_ subject: String) -> DueWork {
    DueWork(kind: "test", application: "A", subject: subject)
  }

  /// Takes everything that is due, with the times that the clock shows meanwhile.
  private func drain(_ clock: inout SandboxClock) -> [String] {
    var seen: [String] = []
    while let entry = clock.takeDue() { seen.append("\(entry.work.subject)@\(clock.now - real)") }
    return seen
  }

  @Test(
    "a clock begins as it was told",
    arguments: [
      ("real", ClockStart.real), ("frozen", .frozen(nil)),
      ("frozen@2026-03-01T12:00:00Z", .frozen(1_772_366_400_000)), ("+6h", .ahead(21_600_000)),
      ("+1h30m", .ahead(5_400_000)), ("2026-03-01", .running(1_772_323_200_000)),
      ("2026-03-01T12:00:00.250Z", .running(1_772_366_400_250)),
    ])
  func begins(text: String, start: ClockStart) {
    #expect(ClockStart(text) == start)
  }

  @Test(
    "what is no clock is refused",
    arguments: [
      "", "Real", "frozen@", "frozen@now", "+", "+6", "+h", "+6h-", "-6h", "6h", "tomorrow",
      "1969-12-31", "+999999999999999d", "2026-13-01",
    ])
  func refuses(text: String) {
    #expect(ClockStart(text) == nil)
  }

  @Test("a real clock follows the computer's, and a date runs from there on")
  func runs() {
    var clock = SandboxClock(.real, real: real)
    clock.follow(real: real + 5)
    _ = clock.takeDue()
    #expect(clock.now == real + 5)
    var dated = SandboxClock(.running(1_000), real: real)
    dated.follow(real: real + 5)
    _ = dated.takeDue()
    #expect(dated.now == 1_005 && dated.mode == .offset)
    var ahead = SandboxClock(.ahead(hour), real: real)
    ahead.follow(real: real + 5)
    _ = ahead.takeDue()
    #expect(ahead.now == real + hour + 5)
  }

  @Test("a frozen clock stands until it is advanced")
  func stands() throws {
    var clock = SandboxClock(.frozen(nil), real: real)
    clock.follow(real: real + hour)
    _ = clock.takeDue()
    #expect(clock.now == real && clock.text == "2026-03-01T12:00:00.000Z")
    try clock.advance(milliseconds: 1_234)
    _ = clock.takeDue()
    #expect(clock.text == "2026-03-01T12:00:01.234Z" && clock.mode == .frozen)
  }

  @Test("a computer's clock that is put back does not take the sandbox with it")
  func putBack() {
    var clock = SandboxClock(.real, real: real)
    clock.follow(real: real - hour)
    _ = clock.takeDue()
    #expect(clock.now == real)
  }

  @Test("what falls due is done in order, each at its own moment, and may put off more")
  func inOrder() throws {
    var clock = SandboxClock(.frozen(nil), real: real)
    for (subject, delay) in [("c", 30), ("a", 10), ("b1", 20), ("b2", 20), ("late", hour + 1)] {
      _ = clock.schedule(work(subject), after: delay)
    }
    let none = clock.takeDue()
    #expect(none == nil)
    try clock.advance(milliseconds: hour)
    var seen: [String] = []
    while let entry = clock.takeDue() {
      seen.append("\(entry.work.subject)@\(clock.now - real)")
      if entry.work.subject == "a" { _ = clock.schedule(work("again"), after: 15) }
    }
    #expect(seen == ["a@10", "b1@20", "b2@20", "again@25", "c@30"])
    #expect(clock.now == real + hour && clock.queue.count == 1)
  }

  @Test("work for a moment that is past is due at once")
  func past() {
    var clock = SandboxClock(.frozen(nil), real: real)
    _ = clock.schedule(work("old"), at: 0)
    let seen = drain(&clock)
    #expect(seen == ["old@0"])
  }

  @Test("work that was called off is not done, and the rest keeps its order")
  func calledOff() throws {
    var clock = SandboxClock(.frozen(nil), real: real)
    for number in (0..<50).reversed() { _ = clock.schedule(work("\(number)"), after: number) }
    clock.cancel { Int($0.subject)?.isMultiple(of: 2) ?? false }
    try clock.advance(milliseconds: 100)
    let odd = (0..<50).filter { !$0.isMultiple(of: 2) }
    let seen = drain(&clock)
    #expect(seen == odd.map { "\($0)@\($0)" })
  }

  @Test("the clock does not go backwards, and not past the year 9999")
  func refusals() {
    var clock = SandboxClock(.ahead(hour), real: real)
    #expect(throws: ClockFault.backwards) { try clock.set(.real, real: real) }
    #expect(throws: ClockFault.backwards) { try clock.set(.running(real), real: real) }
    #expect(throws: ClockFault.backwards) { try clock.advance(milliseconds: -1) }
    #expect(throws: ClockFault.tooFar) { try clock.advance(milliseconds: .max) }
    #expect(clock.now == real + hour)
  }

  @Test("a clock can be stopped where it is, and goes on from there at a distance")
  func changesItsWay() throws {
    var clock = SandboxClock(.real, real: real)
    try clock.set(.frozen(nil), real: real)
    clock.follow(real: real + hour)
    _ = clock.takeDue()
    #expect(clock.now == real && clock.mode == .frozen)
    try clock.set(.ahead(2 * hour), real: real + hour)
    _ = clock.takeDue()
    #expect(clock.now == real + 3 * hour && clock.mode == .offset)
    try clock.set(.ahead(3 * hour), real: real + hour)
    _ = clock.takeDue()
    #expect(clock.now == real + 4 * hour)
  }

  @Test("a clock tells how long to wait for what is due next")
  func waits() {
    var clock = SandboxClock(.running(1_000), real: real)
    #expect(clock.waitUntilDue(real: real) == nil)
    _ = clock.schedule(work("a"), after: 500)
    #expect(clock.waitUntilDue(real: real + 100) == 400)
    #expect(clock.waitUntilDue(real: real + 900) == 0)
    var frozen = SandboxClock(.frozen(nil), real: real)
    _ = frozen.schedule(work("a"), after: 500)
    #expect(frozen.waitUntilDue(real: real) == nil)
  }

  @Test("a snapshot's clock comes back with what waited, in its order")
  func comesBack() throws {
    var clock = SandboxClock(.frozen(1_500), real: real)
    for subject in ["z", "a", "m"] { _ = clock.schedule(work(subject), after: 10) }
    let value = try JSONValue(json: Array(clock.value.text.utf8))
    var restored = SandboxClock(.real, real: real)
    let isRead = restored.restore(value, real: real)
    #expect(isRead)
    #expect(restored.value == clock.value)
    try restored.advance(milliseconds: 10)
    let seen = drain(&restored)
    #expect(seen == ["z@\(1_510 - real)", "a@\(1_510 - real)", "m@\(1_510 - real)"])
    let odd = restored.restore(["mode": "odd"], real: real)
    #expect(!odd)
  }

  @Test("no more work than the bound waits")
  func bounded() {
    var queue = DueQueue()
    for _ in 0..<DueQueue.maximum { _ = queue.insert(work(""), at: 1) }
    let isTaken = queue.insert(work(""), at: 1)
    #expect(!isTaken)
  }
}
