/// One request to a token endpoint.
package struct TokenFetchRequest: Equatable, Sendable {
  package let slot: TokenSlot
  /// Index of the app whose credential is used.
  package let app: Int
  /// Scopes, separated by one space.
  package let scopes: String
  /// The lifetime to request, in seconds.
  package let lifetime: Int64
  /// The generation of the secret to use.
  package var secret: UInt32 = 1
  /// The same fetch is repeated with another secret.
  package var isRepeat = false
  /// A token that another gateway fetched is acceptable too: no fresh one was requested, and the secret is not in
  /// doubt.
  package var mayShare = false

  package init(
    slot: TokenSlot, app: Int, scopes: String, lifetime: Int64, secret: UInt32 = 1,
    isRepeat: Bool = false, mayShare: Bool = false
  ) {
    self.slot = slot
    self.app = app
    self.scopes = scopes
    self.lifetime = lifetime
    self.secret = secret
    self.isRepeat = isRepeat
    self.mayShare = mayShare
  }
}

/// What the owner of a ``TokenManager`` must do, in the order given.
package enum TokenAction: Equatable, Sendable {
  /// Clear the slot's used mark and send the request. Report the result exactly once with
  /// ``TokenManager/fetchFinished(_:result:requestedAt:at:random:)``.
  case startFetch(TokenFetchRequest)
  /// Publish this to the data plane, and wake the loops.
  case publish(TokenSlot, TokenEntry)
  /// The app's Basic credential now contains this secret. `isSwitch`: the previous one was refused, which must be
  /// logged for the operator.
  case useSecret(app: Int, generation: UInt32, isSwitch: Bool)
  /// The check of the app's refused Basic credential is over.
  case basicChecked(app: Int)
}

/// Runs the state machines of all slots: events in, actions out.
///
/// Confined to one thread, and still pure: clock, randomness and fetching belong to its owner. It adds what concerns
/// several slots: which secret an app uses, how many fetches run at the same time, and which timer is next.
package struct TokenManager: Sendable {
  /// The most fetches in flight. The start of a large gateway must not look like an attack to the token endpoint.
  /// Further fetches wait in a queue that has each slot at most once. An app without a fetch in flight may always start
  /// one, so that hanging fetches of other apps cannot block it.
  package static let maximumFetchesInFlight = 16
  /// The most fetches of one app in flight.
  package static let maximumFetchesPerApp = 8

  var slots: TokenSlotTable
  var lifetime: Int64
  let schedule: RefreshSchedule
  var machines: [TokenStateMachine]
  /// When the timer of each slot is due; `Int64.max` if it has none.
  private var deadlines: [Int64]
  /// Slots whose fetch waits until one in flight ends, oldest first.
  private var queue: [TokenSlot] = []
  package private(set) var fetchesInFlight = 0
  private var fetchesOfApp: [Int]
  /// The secret that each slot's fetch in flight was sent with; 0 without one.
  private var secretInFlight: [UInt32]
  /// By app.
  var rotations: [CredentialRotation]
  /// By app, the check of a refused Basic credential: the slot whose fetch decides it, and the times of earlier ones.
  var basicChecks: [BasicCheck]
  /// By slot, for the listing.
  var notes: [SlotNotes]
  /// By app, for the listing.
  var appNotes: [AppNotes]
  /// Slots and apps whose records have changed.
  var touchedSlots: Set<Int> = []
  var touchedApps: Set<Int> = []

  /// - Parameters:
  ///   - lifetime: The lifetime to request, in seconds.
  ///   - secrets: How many secrets each app has, 1 or 2. Apps beyond the end of the list have one.
  package init(
    slots: TokenSlotTable, lifetime: Int64, schedule: RefreshSchedule = .init(), secrets: [Int] = []
  ) {
    self.slots = slots
    self.lifetime = lifetime
    self.schedule = schedule
    machines = Array(repeating: TokenStateMachine(schedule: schedule), count: slots.count)
    deadlines = Array(repeating: .max, count: slots.count)
    secretInFlight = Array(repeating: 0, count: slots.count)
    notes = Array(repeating: SlotNotes(), count: slots.count)
    var appCount = secrets.count
    for index in 0..<slots.count {
      appCount = max(appCount, slots[TokenSlot(index: index)].app + 1)
    }
    rotations = (0..<appCount).map {
      CredentialRotation(secrets: $0 < secrets.count ? secrets[$0] : 1)
    }
    fetchesOfApp = Array(repeating: 0, count: appCount)
    basicChecks = Array(repeating: BasicCheck(), count: appCount)
    appNotes = Array(repeating: AppNotes(), count: appCount)
  }

  /// When ``timersDue(at:isUsed:)`` must be called next, in monotonic nanoseconds; nil if no timer runs.
  package var nextTimer: Int64? {
    guard let first = deadlines.min(), first != .max else { return nil }
    return first
  }

  // MARK: Places

  /// Forgets the fetch of `slot`, which was abandoned.
  mutating func forgetFetch(of slot: TokenSlot) {
    guard secretInFlight[slot.index] != 0 else { return }
    secretInFlight[slot.index] = 0
    fetchesInFlight -= 1
    fetchesOfApp[slots[slot].app] -= 1
  }

  mutating func dropFromQueue(_ slot: TokenSlot) { queue.removeAll { $0 == slot } }

  mutating func clearTimer(of slot: TokenSlot) { deadlines[slot.index] = .max }

  /// Adds one slot.
  mutating func addTimer() {
    deadlines.append(.max)
    secretInFlight.append(0)
  }

  /// Adds one app.
  mutating func addApp() { fetchesOfApp.append(0) }

  // MARK: Events

  /// Handles a caller that waits for the token of `slot`.
  package mutating func needed(_ slot: TokenSlot, at now: Int64) -> [TokenAction] {
    run(slot, machines[slot.index].needed(at: now), at: now)
  }

  /// Handles a refusal by the upstream of the token of `slot` with this generation. `withdraws`: several operations
  /// were refused.
  package mutating func rejected(
    _ slot: TokenSlot, generation: UInt32, withdraws: Bool, at now: Int64
  ) -> [TokenAction] {
    if machines[slot.index].token?.generation == generation { notes[slot.index].needsOwn = true }
    let decided =
      withdraws
      ? machines[slot.index].rejected(generation: generation, at: now)
      : machines[slot.index].doubted(generation: generation, at: now)
    return run(slot, decided, at: now)
  }

  /// Fetches a fresh token for `slot`, because an operator asks for it. A refused secret is tried again.
  package mutating func renew(_ slot: TokenSlot, at now: Int64) -> [TokenAction] {
    let app = slots[slot].app
    if rotations[app].isRefused { rotations[app].allowAnotherTry() }
    notes[slot.index].needsOwn = true
    return run(slot, machines[slot.index].renew(at: now), at: now)
  }

  /// Forgets the token of `slot`, because an operator asks for it.
  package mutating func drop(_ slot: TokenSlot, at now: Int64) -> [TokenAction] {
    notes[slot.index].needsOwn = true
    return run(slot, machines[slot.index].drop(at: now), at: now)
  }

  /// Handles the end of a fetch. `requestedAt` is the time before its request was sent.
  ///
  /// - Parameter isShared: Another gateway fetched the token; nothing was sent.
  package mutating func fetchFinished(
    _ slot: TokenSlot, result: Result<AccessToken, TokenFailure>, requestedAt: Int64,
    at now: Int64, random: UInt64, isShared: Bool = false
  ) -> [TokenAction] {
    let app = slots[slot].app
    let secret = secretInFlight[slot.index]
    secretInFlight[slot.index] = 0
    fetchesInFlight -= 1
    fetchesOfApp[app] -= 1
    if !isShared { note(result, of: slot, requestedAt: requestedAt, at: now) }
    let verdict: CredentialRotation.Verdict
    switch result {
    case .success:
      verdict = rotations[app].succeeded(slot, secret: secret)
    case .failure(let failure) where failure.isRefusedCredential:
      var scheduled = failure
      scheduled.retryAt = schedule.retryAt(after: failure, attempt: 1, now: now, random: random)
      verdict = rotations[app].refused(
        slot, secret: secret, scheduled, grace: schedule.rotationGrace, at: now)
    case .failure(let failure):
      verdict = rotations[app].failed(slot, failure)
    }
    touchedApps.insert(app)
    var actions: [TokenAction] = []
    if verdict.hasSwitched {
      appNotes[app].switches += 1
      actions.append(
        .useSecret(app: app, generation: rotations[app].generation, isSwitch: true))
    }
    if verdict.triesAgain {
      actions += begin(slot, at: now, isRepeat: true)
    } else {
      if case .success(let token) = result {
        notes[slot.index].secretGeneration = secret
        notes[slot.index].isShared = isShared
        notes[slot.index].needsOwn = false
        actions += run(
          slot,
          machines[slot.index].fetchSucceeded(
            token, requestedAt: requestedAt, at: now, random: random), at: now)
      } else if let failure = verdict.failure {
        actions += fail(slot, failure, at: now, random: random)
      }
      actions += basicCheckEnded(app, by: slot, failure: verdict.failure, at: now)
    }
    for waiting in verdict.released {
      if let failure = verdict.failure {
        actions += fail(waiting, failure, at: now, random: random &* 0x9e37_79b9_7f4a_7c15)
      } else {
        actions += begin(waiting, at: now, isRepeat: false)
      }
    }
    return actions + startQueued(at: now)
  }

  /// Fires every timer that is due. `isUsed` returns whether a slot was looked up since its last fetch.
  package mutating func timersDue(
    at now: Int64, isUsed: (TokenSlot) -> Bool
  ) -> [TokenAction] {
    var actions: [TokenAction] = []
    for index in deadlines.indices where deadlines[index] <= now {
      deadlines[index] = .max
      let slot = TokenSlot(index: index)
      actions += run(slot, machines[index].timerFired(at: now, used: isUsed(slot)), at: now)
    }
    return actions
  }

  // MARK: Actions

  mutating func run(
    _ slot: TokenSlot, _ decided: [TokenStateMachine.Action], at now: Int64
  ) -> [TokenAction] {
    touchedSlots.insert(slot.index)
    var actions: [TokenAction] = []
    for action in decided {
      switch action {
      case .armTimer(let at):
        deadlines[slot.index] = at
      case .publish(let entry):
        actions.append(.publish(slot, entry))
      case .startFetch:
        actions += begin(slot, at: now, isRepeat: false)
      }
    }
    return actions
  }

  private mutating func fail(
    _ slot: TokenSlot, _ failure: TokenFailure, at now: Int64, random: UInt64
  ) -> [TokenAction] {
    run(slot, machines[slot.index].fetchFailed(failure, at: now, random: random), at: now)
  }

  /// Sends a fetch that a state machine needs, or makes it wait for a place or for a secret that works.
  private mutating func begin(
    _ slot: TokenSlot, at now: Int64, isRepeat: Bool
  ) -> [TokenAction] {
    let key = slots[slot]
    guard mayStart(key.app) else {
      queue.append(slot)
      return []
    }
    switch rotations[key.app].choose(for: slot, at: now) {
    case .wait: return []
    case .refuse(let failure): return fail(slot, failure, at: now, random: 0)
    case .fetch(let secret):
      fetchesInFlight += 1
      fetchesOfApp[key.app] += 1
      secretInFlight[slot.index] = secret
      return [
        .startFetch(
          TokenFetchRequest(
            slot: slot, app: key.app, scopes: key.scopes, lifetime: lifetime, secret: secret,
            isRepeat: isRepeat, mayShare: !isRepeat && mayShare(slot, secret: secret)))
      ]
    }
  }

  private func mayStart(_ app: Int) -> Bool {
    fetchesOfApp[app] == 0
      || fetchesInFlight < Self.maximumFetchesInFlight
        && fetchesOfApp[app] < Self.maximumFetchesPerApp
  }

  mutating func startQueued(at now: Int64) -> [TokenAction] {
    var actions: [TokenAction] = []
    while let index = queue.firstIndex(where: { mayStart(slots[$0].app) }) {
      actions += begin(queue.remove(at: index), at: now, isRepeat: false)
    }
    return actions
  }
}
