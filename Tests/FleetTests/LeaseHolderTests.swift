import Testing

@testable import Fleet
@testable import RateLimiting

@Suite("A gateway's side of a lease") struct LeaseHolderTests {
  private static let terms = LeaseTerms(
    count: 100, period: second, burst: 20, places: 0, content: "x")
  private static let key = ShareKey(limit: 0, app: 0, caller: 0)

  private static func use(_ admitted: UInt64, waiting: Int = 0) -> ShareUse {
    ShareUse(
      key: key, admitted: admitted, refused: 0, waiting: waiting, inUse: 0, used: 0)
  }

  private static func granted(
    _ fraction: Int64, _ burst: Int64, time: Int64, missing: Int64 = 0
  ) -> LeaseAnswer {
    .granted(
      LeasePart(fraction: fraction, burst: burst), missing: missing, members: 3, time: time)
  }

  /// A holder that was granted half of the limit for a question sent at 1 s.
  private static func leased() throws -> LeaseHolder {
    var holder = LeaseHolder(terms)
    holder.note(use(0), at: second)
    _ = try ask(&holder, at: second)
    _ = holder.answered(granted(2048, 10, time: 7_000_000), at: second + 500 * millisecond)
    return holder
  }

  @Test("A lease counts from when it was asked for, however long the answer took")
  func countsFromTheQuestion() throws {
    var holder = try Self.leased()
    #expect(holder.isLeased(at: 3 * second - 1) && !holder.isLeased(at: 3 * second))
    let lapsesEarly = holder.lapse(at: 3 * second - 1)
    let lapses = [holder.lapse(at: 3 * second), holder.lapse(at: 3 * second)]
    #expect(!lapsesEarly && lapses == [true, false])
    #expect(holder.held == LeasePart())
  }

  @Test("An answer that comes after the lease it grants is over grants nothing")
  func lateAnswer() throws {
    var holder = LeaseHolder(Self.terms)
    _ = try ask(&holder, at: second)
    let change = holder.answered(Self.granted(2048, 10, time: 7_000_000), at: 3 * second)
    #expect(change == .none && !holder.isLeased(at: 3 * second))
    // The store does not learn that it was accepted.
    let next = try ask(&holder, at: 4 * second)
    #expect(next.acknowledged == 0 && next.held == LeasePart())
  }

  @Test(
    "What is used of the burst that was given back is told with the next question, once it is answered no more"
  )
  func tellsWhatIsOwed() throws {
    var holder = try Self.leased()
    _ = try ask(&holder, at: 2 * second)
    let change = holder.answered(Self.granted(1024, 4, time: 8_000_000), at: 2 * second)
    guard case .share(_, moves: true, missing: 0) = change else {
      Issue.record("\(change)")
      return
    }
    holder.noteOwed(3500)
    let next = try ask(&holder, at: 3 * second)
    #expect(next.owed == 3500 && next.held == LeasePart(fraction: 1024, burst: 4))
    #expect(next.acknowledged == 2)
    _ = holder.answered(Self.granted(1024, 4, time: 9_000_000), at: 3 * second)
    let last = try ask(&holder, at: 4 * second)
    #expect(last.owed == 0)
  }

  @Test(
    "After a store's clock has jumped ahead no more is taken than was held, until the leases of before are over"
  )
  func clockJumps() throws {
    var holder = try Self.leased()
    _ = try ask(&holder, at: 2 * second)
    // A second has passed here, and an hour at the store.
    let change = holder.answered(
      Self.granted(4096, 20, time: 3_607_000_000), at: 2 * second + millisecond)
    #expect(change == .none && holder.held == LeasePart(fraction: 2048, burst: 10))
    let next = try ask(&holder, at: 3 * second)
    // What was granted beyond that counts as used.
    #expect(next.acknowledged == 0)
    _ = holder.answered(Self.granted(4096, 20, time: 3_608_000_000), at: 3 * second + millisecond)
    #expect(holder.held.fraction == 2048)
    _ = try ask(&holder, at: 4 * second + 500 * millisecond)
    _ = holder.answered(
      Self.granted(4096, 20, time: 3_609_500_000), at: 4 * second + 501 * millisecond)
    #expect(holder.held.fraction == 4096)
  }

  @Test("Jumps ahead of the store's clock that are small each are noticed when they add up")
  func smallJumps() throws {
    var holder = try Self.leased()
    // Forty milliseconds each: every single one is less than a lease's margin.
    for (number, time) in [8_040_000, 9_080_000, 10_120_000].enumerated() {
      let now = second * Int64(number + 2)
      _ = try ask(&holder, at: now)
      _ = holder.answered(Self.granted(2048 + 1024, 10, time: Int64(time)), at: now)
      #expect(holder.held.fraction == (number == 0 ? 3072 : 2048 + 1024))
    }
    let now = 5 * second
    _ = try ask(&holder, at: now)
    _ = holder.answered(Self.granted(4096, 20, time: 11_160_000), at: now)
    #expect(holder.held.fraction == 3072)
  }

  @Test(
    "What was used of a lease that ended before the answer to its last question came counts as used"
  )
  func endsWhileItAsks() throws {
    var holder = try Self.leased()
    let question = try ask(&holder, at: 2900 * millisecond)
    #expect(question.held.burst == 10)
    let lapses = holder.lapse(at: 3 * second)
    #expect(lapses)
    let change = holder.answered(Self.granted(1024, 4, time: 8_900_000), at: 3100 * millisecond)
    guard case .share(_, moves: false, missing: 0) = change else {
      Issue.record("\(change)")
      return
    }
    let next = try ask(&holder, at: 4 * second)
    #expect(next.acknowledged == 0 && next.held == LeasePart(fraction: 1024, burst: 4))
    _ = holder.answered(Self.granted(1024, 4, time: 10_000_000), at: 4 * second)
    let last = try ask(&holder, at: 5 * second)
    #expect(last.acknowledged == 3)
  }

  @Test("Calls that outlive the lease they began by are told with the next question")
  func outlivesItsLease() throws {
    var terms = Self.terms
    (terms.count, terms.burst, terms.places) = (0, 0, 6)
    var holder = LeaseHolder(terms)
    _ = try ask(&holder, at: second)
    _ = holder.answered(
      .granted(LeasePart(places: 4), missing: 0, members: 2, time: 7_000_000), at: second)
    var use = Self.use(3)
    use.inUse = 3
    holder.note(use, at: 2 * second)
    _ = holder.lapse(at: 3 * second)
    #expect(try ask(&holder, at: 4 * second).held == LeasePart(places: 3))
  }

  @Test("Of a part that no call can start with nothing is held")
  func uselessPart() throws {
    var terms = Self.terms
    terms.places = 6
    var holder = LeaseHolder(terms)
    _ = try ask(&holder, at: second)
    _ = holder.answered(
      .granted(LeasePart(fraction: 9, burst: 3), missing: 0, members: 9, time: 7_000_000),
      at: second)
    #expect(holder.held == LeasePart() && holder.share == .notYet)
    #expect(try ask(&holder, at: 2 * second).acknowledged == 0)
  }

  @Test("A store that grants more than there is gives no more than there is")
  func grantsTooMuch() throws {
    var holder = LeaseHolder(Self.terms)
    _ = try ask(&holder, at: second)
    _ = holder.answered(Self.granted(4096, 21, time: 7_000_000), at: second)
    #expect(holder.held == LeasePart(fraction: 4096, burst: 20))
  }

  @Test("Calls that are refused are asked for like those that wait")
  func refusedCalls() throws {
    var holder = try Self.leased()
    var use = Self.use(100)
    use.refused = 900
    holder.note(Self.use(0), at: 1600 * millisecond)
    holder.note(use, at: 2600 * millisecond)
    // Half of a thousand per second, by the moving average over a second, plus a tenth.
    let question = try ask(&holder, at: 2600 * millisecond)
    #expect((500_000...600_000).contains(question.want))
    #expect(question.held == LeasePart(fraction: 2048, burst: 10))
  }

  @Test(
    "A gateway whose calls wait asks at once, then four times a second; one without calls every second"
  )
  func asksAsNeeded() throws {
    var holder = try Self.leased()
    #expect(holder.nextQuestion(at: second + 600 * millisecond) == 2 * second)
    holder.note(Self.use(5, waiting: 3), at: second + 600 * millisecond)
    _ = try ask(&holder, at: second + 600 * millisecond)
    _ = holder.answered(
      Self.granted(2048, 10, time: 7_100_000), at: second + 601 * millisecond)
    #expect(holder.nextQuestion(at: second + 601 * millisecond) == second + 850 * millisecond)
  }

  @Test("A gateway that the store refuses keeps its lease, and asks again after a while")
  func refused() throws {
    var holder = try Self.leased()
    _ = try ask(&holder, at: 2 * second)
    let change = holder.answered(.conflict("other"), at: 2 * second)
    #expect(change == .refused)
    #expect(holder.isLeased(at: 2 * second))
    #expect(holder.nextQuestion(at: 2 * second) == 4 * second)
  }

  @Test(
    "A connection is tried again after random times that grow, and is trusted a second after it stands again"
  )
  func reconnects() {
    var schedule = LinkSchedule()
    var now: Int64 = 0
    var longest: Int64 = 0
    for number in 0..<20 as Range<UInt64> {
      schedule.failed(at: now, random: number &* 0x9E37_79B9_7F4A_7C15)
      let pause = schedule.retryAt - now
      #expect(pause >= LinkSchedule.firstPause / 2 && pause < 10_100 * millisecond)
      longest = max(longest, pause)
      now = schedule.retryAt
    }
    #expect(longest > second)
    schedule.stands(at: now)
    #expect(!schedule.isUsable(at: now) && schedule.isUsable(at: now + second))
    // It is connected but unproven, so the next pause is not shorter.
    schedule.failed(at: now + 5 * second, random: .max)
    let unproven = schedule.retryAt
    schedule.stands(at: unproven)
    schedule.proves()
    schedule.failed(at: unproven + 5 * second, random: 99 * 1_000_000)
    #expect(schedule.retryAt - (unproven + 5 * second) < 150 * millisecond)
  }
}

/// The question that is due now.
private func ask(_ holder: inout LeaseHolder, at now: Int64) throws -> LeaseRequest {
  let question = holder.question(at: now)
  return try #require(question)
}
