import Testing

@testable import AccessTokens

/// Every state with every event: the next state and the actions.
@Suite("The token's states and events")
struct TokenStateTableTests {
  enum State: CaseIterable { case empty, wanted, fetching, fresh, refreshing, failing }

  enum Event: CaseIterable {
    case needed, neededAfterEnd, succeeded, failed, timerEarly, timerDue, timerDueUnused, rejected
    case rejectedOld, doubted, doubtedOld, renew, drop
  }

  /// A machine in this state at second 50. Its token, if any, lives from 0 to 95 s of the schedule and is renewed at 70
  /// s. A failed fetch is repeated at 80 s.
  private func machine(_ state: State) -> TokenStateMachine {
    var machine = TokenStateMachine(schedule: RefreshSchedule())
    switch state {
    case .empty: break
    case .wanted:
      _ = machine.needed(at: 49 * second + second / 2 + 1)
      _ = machine.fetchSucceeded(
        grant(), requestedAt: 49 * second + second / 2 + 1, at: 50 * second - 2, random: 0)
      _ = machine.rejected(generation: 1, at: 50 * second - 1)
    case .fetching: _ = machine.needed(at: 40 * second)
    case .fresh, .refreshing:
      _ = machine.needed(at: 0)
      _ = machine.fetchSucceeded(grant(), requestedAt: 0, at: second, random: 0)
      if state == .refreshing { _ = machine.renew(at: 40 * second) }
    case .failing:
      _ = machine.needed(at: 40 * second)
      _ = machine.fetchFailed(
        failure(.refusedCredential(status: 401)), at: 50 * second, random: 0)
    }
    return machine
  }

  private func apply(
    _ event: Event, to machine: inout TokenStateMachine
  ) -> [TokenStateMachine.Action] {
    let now = 50 * second
    switch event {
    case .needed: return machine.needed(at: now)
    case .neededAfterEnd: return machine.needed(at: 200 * second)
    case .succeeded:
      return machine.fetchSucceeded(grant("next"), requestedAt: now, at: now, random: 0)
    case .failed: return machine.fetchFailed(failure(), at: now, random: 0)
    case .timerEarly: return machine.timerFired(at: now, used: true)
    case .timerDue: return machine.timerFired(at: 80 * second, used: true)
    case .timerDueUnused: return machine.timerFired(at: 80 * second, used: false)
    case .rejected: return machine.rejected(generation: 1, at: now)
    case .rejectedOld: return machine.rejected(generation: 0, at: now)
    case .doubted: return machine.doubted(generation: 1, at: now)
    case .doubtedOld: return machine.doubted(generation: 0, at: now)
    case .renew: return machine.renew(at: now)
    case .drop: return machine.drop(at: now)
    }
  }

  /// A short form: f starts a fetch, t arms a timer, T publishes a token, F a failure without a token, B both, E
  /// nothing. Then the next state follows.
  private func short(
    _ actions: [TokenStateMachine.Action], _ machine: TokenStateMachine
  ) -> String {
    let done = actions.map { action in
      switch action {
      case .startFetch: "f"
      case .armTimer: "t"
      case .publish(let entry):
        entry.token == nil
          ? (entry.failure == nil ? "E" : "F") : (entry.failure == nil ? "T" : "B")
      }
    }.joined()
    var record = TokenRecord(slot: TokenSlot(index: 0), app: 0, scopes: "")
    machine.describe(in: &record)
    return done + ">" + record.state.rawValue
  }

  static let table: [State: [Event: String]] = [
    .empty: [
      .needed: "f>fetching", .neededAfterEnd: "f>fetching", .succeeded: ">empty",
      .failed: ">empty", .timerEarly: ">empty", .timerDue: ">empty", .timerDueUnused: ">empty",
      .rejected: ">empty", .rejectedOld: ">empty", .doubted: ">empty", .doubtedOld: ">empty",
      .renew: "f>fetching", .drop: ">empty",
    ],
    // Evicted within the minimum interval between two fetches. The timer starts the next one.
    .wanted: [
      .needed: "t>empty", .neededAfterEnd: "f>fetching", .succeeded: ">empty", .failed: ">empty",
      .timerEarly: "t>empty", .timerDue: "f>fetching", .timerDueUnused: "f>fetching",
      .rejected: ">empty", .rejectedOld: ">empty", .doubted: ">empty", .doubtedOld: ">empty",
      .renew: "t>empty", .drop: ">empty",
    ],
    .fetching: [
      .needed: ">fetching", .neededAfterEnd: ">fetching", .succeeded: "Tt>fresh",
      .failed: "Ft>failing", .timerEarly: ">fetching", .timerDue: ">fetching",
      .timerDueUnused: ">fetching", .rejected: ">fetching", .rejectedOld: ">fetching",
      .doubted: ">fetching", .doubtedOld: ">fetching",
      .renew: ">fetching", .drop: ">fetching",
    ],
    .fresh: [
      .needed: ">fresh", .neededAfterEnd: "Ef>fetching", .succeeded: ">fresh", .failed: ">fresh",
      .timerEarly: "t>fresh", .timerDue: "ft>refreshing", .timerDueUnused: "t>fresh",
      .rejected: "Ef>fetching", .rejectedOld: ">fresh", .doubted: "ft>refreshing",
      .doubtedOld: ">fresh", .renew: "ft>refreshing", .drop: "E>empty",
    ],
    .refreshing: [
      .needed: ">refreshing", .neededAfterEnd: "E>fetching", .succeeded: "Tt>fresh",
      .failed: "Bt>fresh", .timerEarly: "t>refreshing", .timerDue: "t>refreshing",
      .timerDueUnused: "t>refreshing", .rejected: "E>fetching", .rejectedOld: ">refreshing",
      .doubted: ">refreshing", .doubtedOld: ">refreshing",
      .renew: ">refreshing", .drop: "E>fetching",
    ],
    .failing: [
      .needed: ">failing", .neededAfterEnd: "f>fetching", .succeeded: ">failing",
      .failed: ">failing", .timerEarly: "t>failing", .timerDue: "f>fetching",
      .timerDueUnused: "E>empty", .rejected: ">failing", .rejectedOld: ">failing",
      .doubted: ">failing", .doubtedOld: ">failing",
      .renew: "Ef>fetching", .drop: "E>empty",
    ],
  ]

  @Test("every state answers every event as the table says", arguments: State.allCases)
  func pairs(state: State) {
    for event in Event.allCases {
      var machine = machine(state)
      let actions = apply(event, to: &machine)
      #expect(short(actions, machine) == Self.table[state]?[event], "\(state) \(event)")
    }
  }
}
