import Testing

@testable import AccessTokens

/// Events at their times in seconds, with the expected actions.
@Suite("One token's life")
struct TokenStateMachineTests {
  var machine = TokenStateMachine(schedule: RefreshSchedule())

  /// A machine with a token that was requested at second 0 and lives for `seconds`.
  private func fresh(seconds: Int64 = 100) -> (TokenStateMachine, PublishedToken) {
    var machine = self.machine
    _ = machine.needed(at: 0)
    let actions = machine.fetchSucceeded(
      grant(seconds: seconds), requestedAt: 0, at: second, random: 0)
    return (machine, actions.published!.token!)
  }

  @Test("the first caller starts the fetch, the others share it")
  mutating func singleFlight() {
    #expect(machine.needed(at: 0) == [.startFetch])
    #expect(machine.needed(at: 1) == [])
    #expect(machine.timerFired(at: 2, used: true) == [])
    let token = grant(seconds: 100)
    let actions = machine.fetchSucceeded(token, requestedAt: second, at: 2 * second, random: 0)
    #expect(
      actions == [
        .publish(
          TokenEntry(
            token: PublishedToken(
              secret: token.secret, fingerprint: 1, generation: 1, requestedAt: second,
              usableUntil: 96 * second))),
        .armTimer(at: 71 * second),
      ])
    #expect(machine.needed(at: 3 * second) == [])
  }

  @Test(
    "a token that another process hands over is served and renewed as one of its own; later than the first fetch it is not taken"
  )
  mutating func handedOver() {
    let granted = grant(seconds: 100)
    let handed = HandedToken(
      secret: granted.secret, fingerprint: 1, requestedAt: 0, usableUntil: 95 * second)
    var late = machine
    _ = late.needed(at: 10 * second)
    #expect(late.handedOver(handed, at: 10 * second, random: 0) == [])
    var ended = machine
    #expect(ended.handedOver(handed, at: 95 * second, random: 0) == [])
    var future = machine
    #expect(
      future.handedOver(
        HandedToken(
          secret: granted.secret, fingerprint: 1, requestedAt: 50 * second, usableUntil: .max),
        at: 10 * second, random: 0) == [], "no clock was ever there")
    let actions = machine.handedOver(handed, at: 10 * second, random: 0)
    #expect(actions.published?.token?.secret === granted.secret)
    #expect(actions.published?.token?.generation == 1)
    #expect(machine.needed(at: 11 * second) == [], "nobody asks for what is there")
    #expect(machine.timerFired(at: 80 * second, used: true).fetches == 1)
  }

  @Test("a used token is renewed before its end, and served meanwhile")
  func renewal() {
    var (machine, old) = fresh()
    #expect(machine.timerFired(at: 69 * second, used: true) == [.armTimer(at: 70 * second)])
    #expect(
      machine.timerFired(at: 70 * second, used: true)
        == [.startFetch, .armTimer(at: old.usableUntil)])
    #expect(machine.needed(at: 71 * second) == [])
    let actions = machine.fetchSucceeded(
      grant("next"), requestedAt: 70 * second, at: 72 * second, random: 0)
    #expect(actions.published?.token?.generation == 2)
    #expect(actions.timer == 140 * second)
  }

  @Test("an unused token is looked at again and again, and let go at its end without a request")
  func unused() {
    var (machine, token) = fresh()
    var now = 70 * second
    var looks = 0
    while now < token.usableUntil {
      let actions = machine.timerFired(at: now, used: false)
      #expect(actions.fetches == 0)
      #expect(actions.timer! > now)
      now = actions.timer!
      looks += 1
    }
    #expect(looks > 2 && looks < 10)
    #expect(machine.timerFired(at: now, used: false) == [.publish(.empty)])
    #expect(machine.needed(at: now + 1) == [.startFetch])
  }

  @Test("a token used again late in its life is still renewed in time")
  func usedLate() {
    var (machine, _) = fresh()
    let again = machine.timerFired(at: 70 * second, used: false).timer!
    #expect(machine.timerFired(at: again, used: true).fetches == 1)
  }

  @Test(
    "a renewal that fails leaves the old token served, and callers hear of it only after its end")
  func renewalFails() {
    var (machine, old) = fresh()
    _ = machine.timerFired(at: 70 * second, used: true)
    let actions = machine.fetchFailed(failure(), at: 71 * second, random: .max)
    #expect(actions.published?.token == old)
    #expect(actions.published?.failure?.retryAt == 72 * second)
    #expect(actions.timer == 72 * second)
    // It keeps failing until the token ends.
    #expect(machine.timerFired(at: 72 * second, used: true).fetches == 1)
    let second2 = machine.fetchFailed(
      failure(.refusedCredential(status: 401)), at: 80 * second, random: 0)
    #expect(second2.timer == old.usableUntil)
    let end = machine.timerFired(at: old.usableUntil, used: true)
    #expect(end.published?.token == nil)
    #expect(end.published?.failure?.reason == .refusedCredential(status: 401))
    #expect(end.timer == 110 * second)
    #expect(end.fetches == 0)
  }

  @Test("a renewal that hangs beyond the old token's end withdraws it at its end")
  func renewalHangs() {
    var (machine, old) = fresh()
    _ = machine.timerFired(at: 70 * second, used: true)
    #expect(
      machine.timerFired(at: old.usableUntil - 1, used: true)
        == [.armTimer(at: old.usableUntil)])
    #expect(machine.timerFired(at: old.usableUntil, used: true) == [.publish(.empty)])
    #expect(machine.needed(at: old.usableUntil + 1) == [])
  }

  @Test("callers are refused while fetching fails, also during the next try, and served after it")
  mutating func failing() {
    _ = machine.needed(at: 0)
    let failed = machine.fetchFailed(failure(), at: second, random: .max)
    #expect(failed.published?.failure?.reason == .unreachable)
    #expect(failed.timer == 2 * second)
    #expect(machine.needed(at: 2 * second - 1) == [])
    #expect(machine.timerFired(at: 2 * second, used: true) == [.startFetch])
    let again = machine.fetchFailed(failure(.timedOut), at: 12 * second, random: .max)
    #expect(again.timer == 14 * second)
    #expect(machine.needed(at: 14 * second) == [.startFetch])
    let served = machine.fetchSucceeded(
      grant(), requestedAt: 14 * second, at: 15 * second, random: 0)
    #expect(served.published?.token != nil)
    #expect(served.published?.failure == nil)
  }

  @Test("a failure nobody looked at is forgotten: the next caller waits instead of being refused")
  mutating func forgetsFailure() {
    _ = machine.needed(at: 0)
    let retryAt = machine.fetchFailed(failure(), at: second, random: 0).timer!
    #expect(machine.timerFired(at: retryAt, used: false) == [.publish(.empty)])
  }

  @Test("a token that arrives after its own end is a failure, never published")
  mutating func expiredOnArrival() {
    _ = machine.needed(at: 0)
    let actions = machine.fetchSucceeded(
      grant(seconds: 2), requestedAt: 0, at: 3 * second, random: 0)
    #expect(actions.published?.token == nil)
    #expect(actions.published?.failure?.reason == .expiredOnArrival)
  }

  @Test("a token refused to several operations is withdrawn, by its generation, and fetched anew")
  func rejection() {
    var (machine, token) = fresh()
    #expect(machine.rejected(generation: token.generation &- 1, at: 10 * second) == [])
    #expect(
      machine.rejected(generation: token.generation, at: 10 * second)
        == [.publish(.empty), .startFetch])
    #expect(machine.rejected(generation: token.generation, at: 10 * second) == [])
    _ = machine.fetchSucceeded(
      grant("next"), requestedAt: 10 * second, at: 11 * second, random: 0)
    #expect(machine.rejected(generation: token.generation, at: 12 * second) == [])
  }

  @Test("a token refused to one operation is renewed, and others are served with it meanwhile")
  func doubt() {
    var (machine, token) = fresh()
    #expect(machine.doubted(generation: token.generation &- 1, at: 10 * second) == [])
    #expect(
      machine.doubted(generation: token.generation, at: 10 * second)
        == [.startFetch, .armTimer(at: token.usableUntil)])
    #expect(machine.doubted(generation: token.generation, at: 10 * second) == [])
    // The endpoint fails. Callers still get the token, and there is no request before the next attempt.
    let failed = machine.fetchFailed(failure(), at: 11 * second, random: .max)
    #expect(failed.published?.token == token)
    #expect(failed.published?.failure?.retryAt == 12 * second)
    #expect(machine.doubted(generation: token.generation, at: 12 * second - 1) == [])
    #expect(machine.doubted(generation: token.generation, at: 12 * second).fetches == 1)
  }

  @Test("a token refused while its renewal is in flight is withdrawn, and no second fetch started")
  func rejectionDuringRenewal() {
    var (machine, token) = fresh()
    _ = machine.timerFired(at: 70 * second, used: true)
    #expect(machine.rejected(generation: token.generation, at: 71 * second) == [.publish(.empty)])
    #expect(machine.needed(at: 71 * second) == [])
  }

  @Test("two fetches never start within half a second, even if the first token is refused at once")
  mutating func minimumInterval() {
    _ = machine.needed(at: 0)
    _ = machine.fetchSucceeded(grant(), requestedAt: 0, at: 1000, random: 0)
    let actions = machine.rejected(generation: 1, at: 2000)
    #expect(actions == [.publish(.empty), .armTimer(at: second / 2)])
    #expect(machine.needed(at: 3000) == [.armTimer(at: second / 2)])
    #expect(machine.timerFired(at: second / 2, used: false) == [.startFetch])
    _ = machine.fetchSucceeded(grant(), requestedAt: second / 2, at: second / 2 + 1, random: 0)
    #expect(machine.doubted(generation: 2, at: second / 2 + 2) == [.armTimer(at: second)])
    #expect(machine.timerFired(at: second, used: false).fetches == 1)
  }

  @Test("a result nobody waits for changes nothing")
  func strayResults() {
    var (machine, token) = fresh()
    #expect(machine.fetchFailed(failure(), at: 5 * second, random: 0) == [])
    #expect(
      machine.fetchSucceeded(grant("stray"), requestedAt: 0, at: 5 * second, random: 0) == [])
    #expect(machine.rejected(generation: token.generation, at: 6 * second).fetches == 1)
  }
}
