import Testing

@testable import RateLimiting

@Suite("The limiter")
struct LimiterTests {
  @Test(
    "splits 300 calls at 100/1m, burst 20, maxWait 5s into passed, queued and refused, and keeps its word"
  )
  func contractExample() throws {
    let rig = try LimiterRig(
      LimiterSettings(LimitRule(name: "app", per: .app, rate: .perMinute(100), burst: 20)))
    var (admitted, queued, refused) = (0, 0, 0)
    var predictions: [UInt64: Int64] = [:]
    for tag in 0..<300 as Range<UInt64> {
      switch rig.offer(tag) {
      case .admitted: admitted += 1
      case .queued(let wait):
        queued += 1
        predictions[tag] = wait
      case .refused(let reason, let retryAfter):
        refused += 1
        #expect(reason == .waitTooLong)
        #expect(retryAfter == 6)
      }
    }
    #expect((admitted, queued, refused) == (20, 8, 272))
    rig.run(until: 5 * second)
    #expect(rig.starts.count == 28)
    for start in rig.starts.suffix(8) { #expect(start.waited == predictions[start.tag]) }
    // A caller that returns at the given time passes.
    rig.run(until: 6 * second)
    #expect(rig.offer(1000) == .admitted)
    rig.finishAll()
    #expect(rig.limiter.counters[0].admitted == 29)
    #expect(rig.limiter.counters[0].queued == 8)
    #expect(rig.limiter.counters[0].refused == 272)
  }

  @Test("takes from all limits of a call or from none, and the tightest decides")
  func allOrNothing() throws {
    let both = LimitedOperations.only(0, 1)
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "wide", per: .app, operations: both, rate: .perMinute(60), burst: 3,
          onExceed: .refuse),
        LimitRule(
          name: "tight", per: .app, operations: .only(0), rate: .perMinute(6), burst: 1,
          onExceed: .refuse)))
    #expect(rig.offer(1, operation: 0) == .admitted)
    #expect(rig.lastReport.tightest == 1 && rig.lastReport.remaining == 0)
    #expect(rig.lastReport.seconds == 10)
    for tag in 2..<10 as Range<UInt64> {
      #expect(rig.offer(tag, operation: 0) == .refused(.exceeded, retryAfter: 10))
    }
    // Eight refusals have used nothing of the wide limit.
    #expect(rig.offer(20, operation: 1) == .admitted)
    #expect(rig.lastReport.tightest == 0 && rig.lastReport.remaining == 1)
    #expect(rig.offer(21, operation: 1) == .admitted)
    #expect(rig.offer(22, operation: 1) == .refused(.exceeded, retryAfter: 1))
    #expect(rig.offer(23, operation: 2) == .admitted, "no limit applies")
    rig.finishAll()
  }

  @Test(
    "keys a quota by gateway, app, caller, or app and caller",
    arguments: [
      (LimitRule.Scope.gateway, [true, false, false, false]), (.app, [true, true, false, false]),
      (.caller, [true, false, true, false]), (.appAndCaller, [true, true, true, true]),
    ])
  func scopes(scope: LimitRule.Scope, admitted: [Bool]) throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(name: "one", per: scope, rate: .perMinute(1), onExceed: .refuse), apps: 2,
        callers: 2))
    for (place, (app, caller)) in [(0, 0), (1, 0), (0, 1), (1, 1)].enumerated() {
      let verdict = rig.offer(UInt64(place), app: app, caller: caller)
      #expect((verdict == .admitted) == admitted[place])
    }
    rig.finishAll()
  }

  @Test("counts calls in no catalogue by what they do")
  func unknownOperations() throws {
    var writes = LimitedOperations()
    writes.insertUnknown(isWrite: true)
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "writes", per: .app, operations: writes, rate: .perMinute(1), onExceed: .refuse)))
    #expect(rig.offer(0, operation: .max, isWrite: true) == .admitted)
    #expect(rig.offer(1, operation: .max, isWrite: false) == .admitted)
    #expect(rig.offer(2, operation: .max, isWrite: true) == .refused(.exceeded, retryAfter: 60))
    rig.finishAll()
  }

  @Test("lets a limit in shadow stop nobody, and counts whom it would have stopped")
  func shadow() throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "trial", per: .app, rate: .perMinute(60), burst: 2, concurrency: 3,
          onExceed: .shadow)))
    for tag in 0..<10 as Range<UInt64> {
      #expect(rig.offer(tag) == .admitted)
      #expect(rig.lastReport.shadowed.isEmpty == (tag < 2))
    }
    #expect(rig.limiter.counters[0] == counters(admitted: 2, shadowed: 8))
    rig.finishAll()
    #expect(rig.limiter.views(at: 0)[0].inUse == 0)
  }

  @Test(
    "lists each caller that has used a limit, also once its quota is full again, and nobody who has not",
    arguments: [true, false])
  func listing(hasRate: Bool) throws {
    let rule = LimitRule(
      name: "mine", per: .caller, rate: hasRate ? .perMinute(600) : nil, burst: 3,
      concurrency: hasRate ? nil : 4, onExceed: .queue)
    let rig = try LimiterRig(
      LimiterSettings(rules: [rule], appCount: 1, callerCount: 5, loopCount: 1))
    // No caller has used it yet, but the limit is listed anyway.
    #expect(rig.limiter.views(at: rig.now).map(\.isUsed) == [false])
    for caller in [1, 3] { #expect(rig.offer(UInt64(caller), caller: caller) == .admitted) }
    #expect(rig.limiter.views(at: rig.now).map(\.caller) == [1, 3])
    rig.now += 60 * second
    rig.finishAll()
    let views = rig.limiter.views(at: rig.now)
    #expect(views.map(\.caller) == [1, 3] && views.allSatisfy(\.isUsed))
    // With room for one row, it is the busy caller's.
    #expect(rig.offer(9, caller: 3) == .admitted)
    #expect(rig.limiter.views(at: rig.now, most: 1).map(\.caller) == [3])
    rig.finishAll()
  }

  private func counters(admitted: UInt64, shadowed: UInt64) -> LimitCounters {
    var counters = LimitCounters()
    counters.admitted = admitted
    counters.shadowed = shadowed
    return counters
  }

  @Test("starts the next call when one under way ends, in order, on every path")
  func concurrency() throws {
    let rig = try LimiterRig(
      LimiterSettings(LimitRule(name: "slots", per: .app, concurrency: 2, maxWait: 60 * second)))
    for tag in 0..<6 as Range<UInt64> { rig.offer(tag) }
    #expect(rig.underWay == [0, 1])
    rig.finish(0)
    #expect(rig.underWay == [1, 2])
    rig.cancel(3)
    rig.finish(2)
    #expect(rig.underWay == [1, 4])
    rig.run(until: 60 * second)
    #expect(rig.refusals.map(\.tag) == [5])
    #expect(rig.refusals[0].refusal.reason == .waitedInVain)
    rig.finishAll()
    #expect(rig.limiter.waiting == 0)
    #expect(rig.limiter.nextDue == .max)
  }

  @Test("refuses when the queue is full")
  func bounded() throws {
    let rig = try LimiterRig(
      LimiterSettings(LimitRule(name: "slots", per: .app, concurrency: 1, maxQueue: 3)))
    let verdicts = (0..<6 as Range<UInt64>).map { rig.offer($0) }
    #expect(verdicts.filter { $0 == .refused(.queueFull, retryAfter: 1) }.count == 2)
    #expect(rig.limiter.waiting == 3)
    for tag in 0..<6 as Range<UInt64> { rig.cancel(tag) }
    rig.finishAll()
  }

  @Test("takes back a call that could have started and is cancelled before its loop knows")
  func cancelledWhenDue() throws {
    var limiter = try Limiter(
      LimiterSettings(LimitRule(name: "slots", per: .app, concurrency: 1)))
    let request = LimitedRequest(app: 0, caller: 0, operation: 0)
    let party = WaitingParty(loop: 0, tag: 0)
    guard case .admitted(let permit, _) = limiter.admit(request, for: party, at: 0),
      case .queued(let first, _) = limiter.admit(request, for: party, at: 0),
      case .queued(let second, _) = limiter.admit(request, for: party, at: 0)
    else { throw Unexpected() }
    limiter.release(permit, at: 1)
    let cancelled = [limiter.cancel(first, at: 2), limiter.cancel(first, at: 2)]
    #expect(cancelled == [true, false], "a ticket is good once")
    guard let call = limiter.takeDue(loop: 0), case .start(let next, _) = call.take() else {
      throw Unexpected()
    }
    let late = limiter.cancel(second, at: 3)
    #expect(!late, "its loop has it")
    limiter.release(next, at: 3)
    let nobody = limiter.takeDue(loop: 0).isNone
    let (waiting, inUse) = (limiter.waiting, limiter.views(at: 3)[0].inUse)
    #expect(nobody && waiting == 0 && inUse == 0)
  }

  struct Unexpected: Error {}

  @Test("does not let a call that waits for one limit keep others from another")
  func independence() throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "all", per: .app, rate: .perSecond(1000), burst: 1000, maxWait: 100 * second),
        LimitRule(
          name: "writes", per: .app, operations: .only(1), rate: .perMinute(6),
          maxWait: 100 * second)))
    #expect(rig.offer(0, operation: 1) == .admitted)
    #expect(rig.offer(1, operation: 1) == .queued(10 * second))
    for tag in 2..<500 as Range<UInt64> { #expect(rig.offer(tag, operation: 0) == .admitted) }
    rig.run(until: 10 * second)
    #expect(rig.starts.last == Start(tag: 1, at: 10 * second, waited: 10 * second))
    rig.finishAll()
  }

  @Test("refuses settings it could not hold")
  func problems() {
    let rule = LimitRule(name: "x", per: .appAndCaller, rate: .perSecond(1))
    #expect(throws: LimiterProblem.tooManyRules(65)) {
      _ = try Limiter(
        LimiterSettings(rules: Array(repeating: rule, count: 65), appCount: 1, callerCount: 1))
    }
    #expect(throws: LimiterProblem.self) {
      _ = try Limiter(LimiterSettings(rules: [rule], appCount: 2000, callerCount: 2000))
    }
  }
}
