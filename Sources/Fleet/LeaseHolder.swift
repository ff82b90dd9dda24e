package import RateLimiting

/// One gateway's side of one quota that it shares: what it holds and until when, when it asks again, and for how much.
///
/// A pure machine. Time is an argument, nanoseconds of this machine's monotonic clock.
///
/// **Every error is on the side of too few.** A lease ends here before it ends at the store: it counts from when the
/// question was *sent*, which is before the store had it, and the store adds ``LeaseTimes/margin``. An answer that never
/// came is as if it had not been given, but not for the store. A clock of the store that jumps ahead frees what others
/// still use: what it grants then is not taken beyond what was held, until all leases of before are over.
package struct LeaseHolder: Sendable {
  package let terms: LeaseTerms
  private let times: LeaseTimes
  /// What it may use, until ``until``.
  package private(set) var held = LeasePart()
  /// When the lease is over; `Int64.min` without one.
  package private(set) var until = Int64.min
  /// Gateways that share the quota, as of the last answer; 0 before any.
  package private(set) var members = 0
  /// Calls under way beyond the places held keep theirs.
  private var placesInUse: Int64 = 0
  private var owed: Int64 = 0
  private var number: Int64 = 0
  private var acknowledged: Int64 = 0
  private var demand = DemandEstimate()
  /// When the question that is open was sent.
  private var askedAt: Int64?
  /// What that question claims to be held is no more: what was used of it is told to nobody.
  private var claimIsOver = false
  private var lastAskedAt = Int64.min
  /// The last question was not due by the time alone.
  private var wasUrgent = false
  private var wantedLast: Int64 = 0
  private var placesWantedLast: Int64 = 0
  /// No question before this instant, whatever is wanted.
  private var quietUntil = Int64.min
  /// What the store's clock showed at most a few seconds ago, in the answer to a question sent then. It is kept for a
  /// lease, so that small jumps add up.
  private var storeClock: (time: Int64, sent: Int64)?
  /// Until then no more is taken than was held: the store's clock has jumped.
  private var cautiousUntil = Int64.min

  package init(_ terms: LeaseTerms, _ times: LeaseTimes = LeaseTimes()) {
    self.terms = terms
    self.times = times
  }

  /// How the quota is used, from time to time.
  package mutating func note(_ use: ShareUse, at now: Int64) {
    placesInUse = Int64(use.inUse)
    demand.note(
      admitted: use.admitted, refused: use.refused, waiting: use.waiting, inUse: use.inUse,
      at: now)
  }

  /// Whether a lease is in force.
  package func isLeased(at now: Int64) -> Bool { now < until }

  /// The calls in a second that it holds, thousandths.
  private var heldRate: Int64 {
    guard terms.count > 0 else { return 0 }
    return Int64(
      clamping: Int128(terms.count) * 1_000_000_000_000 * Int128(held.fraction)
        / (Int128(terms.period) * Int128(LeaseScript.units)))
  }

  /// The part of the limit that it holds, in ``LeaseScript/units``: of its rate, or of its places where it has none.
  package var heldPart: Int64 {
    if terms.count > 0 || terms.places == 0 { return held.fraction }
    return held.places * LeaseScript.units / Int64(terms.places)
  }

  private var want: Int64 { terms.count > 0 ? demand.want(share: heldRate) : 0 }

  /// When the next question is due: half a lease after the last one, or as soon as one may be asked again when calls wait,
  /// or come at quite another rate than before.
  package func nextQuestion(at now: Int64) -> Int64 {
    guard askedAt == nil else { return .max }
    guard lastAskedAt != .min else { return max(now, quietUntil) }
    // The first calls after a rest do not wait until four questions a second allow one more.
    let urgentPause = wasUrgent ? times.shortestPause : times.firstPause
    return max(lastAskedAt + (isUrgent ? urgentPause : times.validity / 2), quietUntil)
  }

  /// Calls wait, or come at quite another rate than when it was asked last.
  private var isUrgent: Bool {
    let change = abs(want - wantedLast)
    return demand.isHungry || change > wantedLast / 4 && change > 1000
      || demand.places != placesWantedLast && terms.places > 0 || until == .min
  }

  /// The next question, if it is time for one. It counts as sent at `now`.
  package mutating func question(at now: Int64) -> LeaseRequest? {
    guard nextQuestion(at: now) <= now else { return nil }
    number += 1
    wasUrgent = lastAskedAt != .min && isUrgent
    askedAt = now
    claimIsOver = false
    lastAskedAt = now
    wantedLast = want
    placesWantedLast = demand.places
    return request
  }

  /// What is held, as a question of this number.
  private var request: LeaseRequest {
    var claim = until == .min ? LeasePart() : held
    // Those that began by a lease that is over are still under way.
    if terms.places > 0 { claim.places = max(claim.places, placesInUse) }
    return LeaseRequest(
      number: number, acknowledged: acknowledged, held: claim, owed: owed, want: want,
      wantedPlaces: terms.places > 0 ? demand.places : 0)
  }

  /// The last question of a gateway that goes.
  package mutating func farewell() -> LeaseRequest? {
    guard until != .min else { return nil }
    number += 1
    return request
  }

  /// What an answer changes.
  package enum Change: Equatable, Sendable {
    /// Nothing but the time.
    case none
    /// - Parameter moves: as ``Limiter/setShare(_:_:of:moves:missing:until:at:)`` has it.
    case share(LimitShare, moves: Bool, missing: Int64)
    /// The question is to be asked again later; what is held stays.
    case refused
  }

  /// The answer to the question that is open came at `now`.
  package mutating func answered(_ answer: LeaseAnswer, at now: Int64) -> Change {
    guard let sent = askedAt else { return .none }
    askedAt = nil
    guard case .granted(var part, var missing, let members, let time) = answer else {
      if answer != .stale { quietUntil = now + times.pauseAfterRefusal }
      return .refused
    }
    self.members = max(1, members)
    let wasLeased = until != .min
    noteClock(time, sent: sent, at: now)
    let end = sent + times.validity
    // The answer took longer than the lease: as if it had not come.
    guard end > now else { return .none }
    let granted = part
    // No more than there is, whatever the store says.
    part.burst = min(part.burst, terms.burst)
    part.places = min(part.places, Int64(terms.places))
    if now < cautiousUntil {
      let bound = wasLeased ? held : LeasePart()
      part.fraction = min(part.fraction, bound.fraction)
      part.burst = min(part.burst, bound.burst)
      part.places = min(part.places, bound.places)
      if part.burst <= bound.burst { missing = 0 }
    }
    if !startsCalls(part) { part = LeasePart() }
    let isWhole = part == granted
    // What is not taken is, for the store, as if it had been used.
    acknowledged = isWhole && !claimIsOver ? number : 0
    owed = 0
    until = end
    guard !wasLeased || part != held else { return .none }
    let moves = wasLeased && held.burst > 0
    held = part
    return .share(share, moves: moves, missing: missing)
  }

  /// Whether calls can start with a part: otherwise none of it is of use.
  private func startsCalls(_ part: LeasePart) -> Bool {
    (terms.count == 0 || part.fraction > 0 && part.burst > 0)
      && (terms.places == 0 || part.places > 0)
  }

  /// What is held, for the limiter.
  package var share: LimitShare {
    guard startsCalls(held) else { return .notYet }
    return .part(
      quota: terms.count > 0
        ? terms.quota(fraction: held.fraction, burst: held.burst) : nil,
      places: terms.places > 0 ? Int32(clamping: held.places) : nil)
  }

  /// The limiter has taken a smaller share: so much of the burst it gave back was used.
  package mutating func noteOwed(_ thousandths: Int64) { owed += thousandths }

  /// No answer will come any more to the question that is open.
  package mutating func giveUp() { askedAt = nil }

  /// Ends a lease whose time is over.
  ///
  /// - Returns: whether one has ended.
  package mutating func lapse(at now: Int64) -> Bool {
    guard until != .min, now >= until else { return false }
    drop()
    return true
  }

  /// Gives the lease up at once, as when its limit has become another one.
  package mutating func drop() {
    until = .min
    held = LeasePart()
    owed = 0
    // What it held counts as used.
    acknowledged = 0
    claimIsOver = true
  }

  private mutating func noteClock(_ time: Int64, sent: Int64, at now: Int64) {
    guard let before = storeClock else {
      storeClock = (time, sent)
      return
    }
    let longest = (now - before.sent) / 1000 + times.margin / 2000
    let jumps = time - before.time > longest
    if jumps { cautiousUntil = now + times.validity + 2 * times.margin }
    if jumps || sent - before.sent >= times.validity || time < before.time {
      storeClock = (time, sent)
    }
  }
}

/// The times of leases, nanoseconds.
package struct LeaseTimes: Equatable, Sendable {
  /// How long a lease may be used, from when it was asked for.
  package var validity: Int64 = 2_000_000_000
  /// How much longer the store counts it: clocks that differ by 5 % do no harm.
  package var margin: Int64 = 100_000_000
  /// Between two questions about one quota: four a second.
  package var shortestPause: Int64 = 250_000_000
  /// Between a question that was due by the time alone and one that is urgent.
  package var firstPause: Int64 = 20_000_000
  /// After a refusal.
  package var pauseAfterRefusal: Int64 = 2_000_000_000

  package init() {}

  /// What the store is told.
  package var storeValidity: Int64 { validity + margin }
}
