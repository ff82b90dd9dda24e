import Testing

@testable import AccessTokens

@Suite("One token's life, whatever happens")
struct TokenStateMachinePropertyTests {
  @Test(
    "no order of events serves a token beyond its end, fetches twice at once, or forgets a caller",
    arguments: 0..<200 as Range<UInt64>)
  func invariants(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var machine = TokenStateMachine(schedule: RefreshSchedule())
    var now: Int64 = Int64.random(in: 0..<1_000_000 * second, using: &random)
    var inFlight = 0
    var startedAt = Int64.min
    var timer: Int64?
    var shown = TokenEntry.empty
    var ends: [UInt32: Int64] = [:]
    var waiting = false

    for step in 0..<400 {
      // Time advances by anything from nothing to minutes, sometimes exactly to the timer.
      if let due = timer, due >= now, Bool.random(using: &random) {
        now = due
      } else {
        now += Int64.random(
          in: 0...(second << Int64.random(in: 0...7, using: &random)), using: &random)
      }
      var actions: [TokenStateMachine.Action] = []
      // Due timers come first, as in the service.
      if let due = timer, due <= now {
        timer = nil
        actions = machine.timerFired(at: now, used: Bool.random(using: &random))
      } else {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
          actions = machine.needed(at: now)
          waiting = true
        case 1 where inFlight == 1:
          inFlight = 0
          let life = Int64.random(
            in: 1...(1 << Int64.random(in: 0...12, using: &random)), using: &random)
          actions = machine.fetchSucceeded(
            grant(seconds: life), requestedAt: startedAt, at: now, random: random.next())
          // An old token is published again if the new one had expired on arrival.
          if let token = actions.published?.token, ends[token.generation] == nil {
            ends[token.generation] = startedAt + life * second
            #expect(token.usableUntil > now)
          }
        case 2 where inFlight == 1:
          inFlight = 0
          let reason: TokenFailure.Reason =
            Bool.random(using: &random) ? .timedOut : .refusedCredential(status: 401)
          actions = machine.fetchFailed(failure(reason), at: now, random: random.next())
          if let failed = actions.published?.failure {
            let operators = failed.needsOperator
            let wait = failed.retryAt - now
            #expect(wait >= (operators ? 30 * second : second / 2))
            #expect(wait <= 60 * second)
          }
        case 3:
          actions = machine.rejected(
            generation: shown.token?.generation ?? UInt32.random(in: 0...3, using: &random), at: now
          )
        case 4:
          actions = machine.doubted(
            generation: shown.token?.generation ?? UInt32.random(in: 0...3, using: &random), at: now
          )
        default:
          actions = machine.timerFired(at: now, used: Bool.random(using: &random))
        }
      }
      for action in actions {
        switch action {
        case .startFetch:
          #expect(now - (startedAt == .min ? now - second : startedAt) >= second / 2)
          inFlight += 1
          startedAt = now
        case .publish(let entry): shown = entry
        case .armTimer(let at): timer = at
        }
      }
      #expect(inFlight <= 1, "step \(step)")
      if let token = shown.token {
        #expect(token.usableUntil < ends[token.generation]!, "step \(step)")
        #expect((timer ?? .max) <= token.usableUntil, "an end is never left without a timer")
        waiting = false
      }
      if shown.failure != nil { waiting = false }
      if waiting { #expect(inFlight == 1 || timer != nil, "a caller is never forgotten") }
    }
  }
}
