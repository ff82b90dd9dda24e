/// The life of one token: when it is fetched, renewed and given up.
///
/// A value that decides and does nothing else: events go in with the time at which they happened, and actions come out.
/// Whatever the order of events:
/// - At most one fetch is in flight.
/// - Nothing that it publishes may be used at or after its expiry.
/// - A token that is still good stays in use while its renewal is in flight or failing.
/// - Failed fetches are repeated with growing pauses; refused credentials after 30 s at the earliest.
/// - A token that is not used is not renewed.
package struct TokenStateMachine: Sendable {
  /// What the owner of the machine must do, in the order given.
  package enum Action: Equatable, Sendable {
    /// Clear the slot's used mark and send one request. Report the result exactly once with
    /// ``TokenStateMachine/fetchSucceeded(_:requestedAt:at:random:)`` or
    /// ``TokenStateMachine/fetchFailed(_:at:random:)``.
    case startFetch
    /// Publish this to the data plane.
    case publish(TokenEntry)
    /// Call ``TokenStateMachine/timerFired(at:used:)`` at this time. Replaces the previous timer.
    case armTimer(at: Int64)
  }

  enum Phase: Sendable {
    /// There is no token and no fetch. `wanted`: a token was requested, and the minimum interval must pass first.
    case empty(wanted: Bool)
    /// The first fetch, or one after the old token expired, is in flight. Callers wait, or are refused with the last
    /// failure if there was one.
    case fetching
    /// A token is in use. At `renewAt` it is renewed if it was used; otherwise it is checked again later.
    case fresh(PublishedToken, renewAt: Int64)
    /// The old token is in use while the next one is being fetched.
    case refreshing(PublishedToken)
    /// Callers are refused with the last failure until its `retryAt`.
    case failing(TokenFailure)
  }

  private(set) var phase: Phase = .empty(wanted: false)
  private let schedule: RefreshSchedule
  /// The start of the last fetch plus ``RefreshSchedule/minimumInterval``: the next may start then.
  private var earliestFetch: Int64 = .min
  private var generation: UInt32 = 0
  /// Number of failed fetches in a row.
  private var failures = 0
  /// The last failure since a fetch last succeeded.
  private(set) var lastFailure: TokenFailure?
  /// The next fetch was requested by an operator or because of a new secret, so it needs no caller.
  private var isForced = false

  package init(schedule: RefreshSchedule) { self.schedule = schedule }

  /// Handles a caller that waits for the token.
  package mutating func needed(at now: Int64) -> [Action] {
    switch phase {
    case .empty: return fetchWhenAllowed(at: now)
    case .fetching: return []
    case .fresh(let token, _): return now < token.usableUntil ? [] : end(at: now, used: true)
    case .refreshing(let token): return now < token.usableUntil ? [] : endDuringFetch()
    case .failing(let failure): return now < failure.retryAt ? [] : startFetch(at: now)
    }
  }

  /// Handles `token` from the fetch in flight; `requestedAt` is the time before the request was sent.
  package mutating func fetchSucceeded(
    _ token: AccessToken, requestedAt: Int64, at now: Int64, random: UInt64
  ) -> [Action] {
    switch phase {
    case .fetching, .refreshing: break
    case .empty, .fresh, .failing: return []
    }
    let usableUntil = schedule.usableUntil(requestedAt: requestedAt, lifetime: token.lifetime)
    guard usableUntil > now else {
      let late = TokenFailure(
        .expiredOnArrival, detail: "the token had expired before its answer arrived")
      return fetchFailed(late, at: now, random: random)
    }
    generation &+= 1
    failures = 0
    lastFailure = nil
    let published = PublishedToken(
      secret: token.secret, fingerprint: token.fingerprint, generation: generation,
      requestedAt: requestedAt, usableUntil: usableUntil)
    let renewAt = schedule.renewAt(
      requestedAt: requestedAt, lifetime: token.lifetime, random: random)
    phase = .fresh(published, renewAt: renewAt)
    return [
      .publish(TokenEntry(token: published)), .armTimer(at: min(renewAt, usableUntil)),
    ]
  }

  /// Takes a token from another process of this gateway, which fetched it. The generation is counted here. A token is
  /// not taken once this process has begun to fetch.
  package mutating func handedOver(
    _ token: HandedToken, at now: Int64, random: UInt64
  ) -> [Action] {
    guard case .empty(wanted: false) = phase, token.usableUntil > now, token.requestedAt <= now
    else {
      return []
    }
    generation &+= 1
    let published = PublishedToken(
      secret: token.secret, fingerprint: token.fingerprint, generation: generation,
      requestedAt: token.requestedAt, usableUntil: token.usableUntil)
    let renewAt = schedule.renewAt(
      requestedAt: token.requestedAt,
      lifetime: token.usableUntil.subtractingClamped(token.requestedAt), random: random)
    phase = .fresh(published, renewAt: renewAt)
    return [
      .publish(TokenEntry(token: published)), .armTimer(at: min(renewAt, token.usableUntil)),
    ]
  }

  /// Handles the failure of the fetch in flight. If the failure is already scheduled, it keeps its time.
  package mutating func fetchFailed(
    _ failure: TokenFailure, at now: Int64, random: UInt64
  ) -> [Action] {
    let old: PublishedToken?
    switch phase {
    case .fetching: old = nil
    case .refreshing(let token): old = now < token.usableUntil ? token : nil
    case .empty, .fresh, .failing: return []
    }
    failures = min(failures + 1, 1000)
    var scheduled = failure
    if scheduled.retryAt == 0 {
      scheduled.retryAt = schedule.retryAt(
        after: failure, attempt: failures, now: now, random: random)
    }
    lastFailure = scheduled
    guard let old else { return fail(scheduled) }
    phase = .fresh(old, renewAt: scheduled.retryAt)
    return [
      .publish(TokenEntry(token: old, failure: scheduled)),
      .armTimer(at: min(scheduled.retryAt, old.usableUntil)),
    ]
  }

  /// Handles the last timer. `used` says whether the token, or the refusal in its place, was looked up since the last
  /// fetch started. A timer that fires early or late does no harm.
  package mutating func timerFired(at now: Int64, used: Bool) -> [Action] {
    let used = used || isForced
    switch phase {
    case .empty(let wanted):
      return wanted ? fetchWhenAllowed(at: now) : []
    case .fetching:
      return []
    case .fresh(let token, let renewAt):
      if now >= token.usableUntil { return end(at: now, used: used) }
      if now < renewAt { return [.armTimer(at: min(renewAt, token.usableUntil))] }
      if used {
        phase = .refreshing(token)
        return startFetchActions(at: now) + [.armTimer(at: token.usableUntil)]
      }
      // Not used so far: check again halfway to its expiry, so that it can still be renewed for a late user.
      let half = max(Nanoseconds.second, (token.usableUntil - now) / 2)
      let next = min(token.usableUntil, now.addingWithoutOverflow(half))
      phase = .fresh(token, renewAt: next)
      return [.armTimer(at: next)]
    case .refreshing(let token):
      return now >= token.usableUntil ? endDuringFetch() : [.armTimer(at: token.usableUntil)]
    case .failing(let failure):
      if now < failure.retryAt { return [.armTimer(at: failure.retryAt)] }
      if used { return startFetch(at: now) }
      return forget()
    }
  }

  /// Handles a refusal (401) of the token of `generation` for one operation (``TokenRefusals``): it is renewed, and the
  /// others use it in the meantime. Nothing happens while a failed fetch waits for its next attempt.
  package mutating func doubted(generation: UInt32, at now: Int64) -> [Action] {
    guard case .fresh(let token, _) = phase, token.generation == generation else { return [] }
    if let failure = lastFailure, now < failure.retryAt { return [] }
    return renew(at: now)
  }

  /// Handles refusals (401) of the token of `generation` for several operations: it is not sent any more.
  package mutating func rejected(generation: UInt32, at now: Int64) -> [Action] {
    switch phase {
    case .fresh(let token, _):
      guard token.generation == generation else { return [] }
      if let failure = lastFailure, now < failure.retryAt { return fail(failure) }
      phase = .empty(wanted: false)
      return [.publish(.empty)] + fetchWhenAllowed(at: now)
    case .refreshing(let token): return token.generation == generation ? endDuringFetch() : []
    case .empty, .fetching, .failing: return []
    }
  }

  /// Requests a fresh token now, for an operator or because a secret was replaced. The current one stays in use.
  /// Callers that were being refused wait again.
  package mutating func renew(at now: Int64) -> [Action] {
    switch phase {
    case .empty: return fetchWhenAllowed(at: now)
    case .fetching, .refreshing: return []
    case .fresh(let token, _):
      guard now < token.usableUntil else { return end(at: now, used: true) }
      guard now >= earliestFetch else {
        isForced = true
        phase = .fresh(token, renewAt: earliestFetch)
        return [.armTimer(at: min(earliestFetch, token.usableUntil))]
      }
      phase = .refreshing(token)
      return startFetchActions(at: now) + [.armTimer(at: token.usableUntil)]
    case .failing:
      lastFailure = nil
      phase = .empty(wanted: false)
      return [.publish(.empty)] + fetchWhenAllowed(at: now)
    }
  }

  /// Gives the token up without a successor: the next call that needs one requests it.
  package mutating func drop(at now: Int64) -> [Action] {
    switch phase {
    case .empty, .fetching: return []
    case .fresh, .failing: return forget()
    case .refreshing: return endDuringFetch()
    }
  }

  /// Whether the last fetch failed because the credential was refused.
  var isCredentialRefused: Bool { lastFailure?.isRefusedCredential ?? false }

  // MARK: Transitions

  /// Handles the expiry of the token in use while nothing is in flight.
  private mutating func end(at now: Int64, used: Bool) -> [Action] {
    if let failure = lastFailure, now < failure.retryAt { return fail(failure) }
    guard used else { return forget() }
    phase = .empty(wanted: false)
    return [.publish(TokenEntry(failure: lastFailure))] + fetchWhenAllowed(at: now)
  }

  /// Handles the expiry or eviction of the token in use while its successor is being fetched.
  private mutating func endDuringFetch() -> [Action] {
    phase = .fetching
    return [.publish(TokenEntry(failure: lastFailure))]
  }

  private mutating func fail(_ failure: TokenFailure) -> [Action] {
    phase = .failing(failure)
    return [.publish(TokenEntry(failure: failure)), .armTimer(at: failure.retryAt)]
  }

  /// Returns to the start: the next caller requests a token, and waits instead of getting an old failure.
  private mutating func forget() -> [Action] {
    phase = .empty(wanted: false)
    lastFailure = nil
    isForced = false
    return [.publish(.empty)]
  }

  private mutating func fetchWhenAllowed(at now: Int64) -> [Action] {
    guard now >= earliestFetch else {
      phase = .empty(wanted: true)
      return [.armTimer(at: earliestFetch)]
    }
    return startFetch(at: now)
  }

  private mutating func startFetch(at now: Int64) -> [Action] {
    phase = .fetching
    return startFetchActions(at: now)
  }

  private mutating func startFetchActions(at now: Int64) -> [Action] {
    earliestFetch = now.addingWithoutOverflow(schedule.minimumInterval)
    isForced = false
    return [.startFetch]
  }
}
