/// One request to a token endpoint, as the pure half asks for it.
package struct TokenFetchRequest: Equatable, Sendable {
  package let slot: TokenSlot
  /// Index of the app whose credential asks.
  package let app: Int
  /// Scopes, separated by one space.
  package let scopes: String
  /// Seconds of life to ask for.
  package let lifetime: Int64
}

/// What the owner of a ``TokenManager`` has to do, in the order given.
package enum TokenAction: Equatable, Sendable {
  /// Clear the slot's used mark and send the request; answer with
  /// ``TokenManager/fetchFinished(_:result:requestedAt:at:random:)``, exactly once.
  case startFetch(TokenFetchRequest)
  /// Show this to the data plane, and wake the loops.
  case publish(TokenSlot, TokenEntry)
}

/// Runs the state machines of all slots: events in, actions out.
///
/// Confined to one thread, and still pure: the clock, the randomness and the fetching are its owner's.
/// It adds what concerns the slots together: how many fetches run side by side, and which timer is next.
package struct TokenManager: Sendable {
  /// Most fetches in flight at once; the start of a large gateway must not look like an attack to the
  /// token endpoint. Further ones wait in a queue that holds each slot at most once.
  package static let maximumFetchesInFlight = 16

  private let slots: TokenSlotTable
  private let lifetime: Int64
  private var machines: [TokenStateMachine]
  /// Per slot, when its timer is due; `Int64.max` when it has none.
  private var deadlines: [Int64]
  /// Slots whose fetch waits for one in flight to end, oldest first.
  private var queue: [TokenSlot] = []
  package private(set) var fetchesInFlight = 0

  /// - Parameter lifetime: Seconds of life to ask for.
  package init(slots: TokenSlotTable, lifetime: Int64, schedule: RefreshSchedule = .init()) {
    self.slots = slots
    self.lifetime = lifetime
    machines = Array(repeating: TokenStateMachine(schedule: schedule), count: slots.count)
    deadlines = Array(repeating: .max, count: slots.count)
  }

  /// When ``timersDue(at:isUsed:)`` wants to be called, in monotonic nanoseconds; nil when no timer runs.
  package var nextTimer: Int64? {
    guard let first = deadlines.min(), first != .max else { return nil }
    return first
  }

  /// A caller waits for the token of `slot`.
  package mutating func needed(_ slot: TokenSlot, at now: Int64) -> [TokenAction] {
    run(slot, machines[slot.index].needed(at: now))
  }

  /// The upstream has refused the token of `slot` with that generation.
  package mutating func rejected(
    _ slot: TokenSlot, generation: UInt32, at now: Int64
  ) -> [TokenAction] {
    run(slot, machines[slot.index].rejected(generation: generation, at: now))
  }

  /// A fetch has ended. `requestedAt` is from before its request was sent.
  package mutating func fetchFinished(
    _ slot: TokenSlot, result: Result<AccessToken, TokenFailure>, requestedAt: Int64,
    at now: Int64, random: UInt64
  ) -> [TokenAction] {
    fetchesInFlight -= 1
    var actions: [TokenAction]
    switch result {
    case .success(let token):
      actions = run(
        slot,
        machines[slot.index].fetchSucceeded(
          token, requestedAt: requestedAt, at: now, random: random))
    case .failure(let failure):
      actions = run(
        slot, machines[slot.index].fetchFailed(failure, at: now, random: random))
    }
    if !queue.isEmpty && fetchesInFlight < Self.maximumFetchesInFlight {
      actions.append(start(queue.removeFirst()))
    }
    return actions
  }

  /// Fires every timer that is due. `isUsed` tells whether a slot was looked up since its last fetch.
  package mutating func timersDue(
    at now: Int64, isUsed: (TokenSlot) -> Bool
  ) -> [TokenAction] {
    var actions: [TokenAction] = []
    for index in deadlines.indices where deadlines[index] <= now {
      deadlines[index] = .max
      let slot = TokenSlot(index: index)
      actions += run(slot, machines[index].timerFired(at: now, used: isUsed(slot)))
    }
    return actions
  }

  private mutating func run(
    _ slot: TokenSlot, _ decided: [TokenStateMachine.Action]
  ) -> [TokenAction] {
    var actions: [TokenAction] = []
    for action in decided {
      switch action {
      case .armTimer(let at):
        deadlines[slot.index] = at
      case .publish(let entry):
        actions.append(.publish(slot, entry))
      case .startFetch:
        if fetchesInFlight < Self.maximumFetchesInFlight {
          actions.append(start(slot))
        } else {
          queue.append(slot)
        }
      }
    }
    return actions
  }

  private mutating func start(_ slot: TokenSlot) -> TokenAction {
    fetchesInFlight += 1
    let key = slots[slot]
    return .startFetch(
      TokenFetchRequest(slot: slot, app: key.app, scopes: key.scopes, lifetime: lifetime))
  }
}
