package import RateLimiting

/// One gateway's side of one shared quota: what it holds and until when, when it asks again, and for how much.
///
/// A pure state machine. Time is an argument, in nanoseconds of this machine's monotonic clock.
///
/// **Every error leads to fewer calls, not more.** A lease ends here before it ends at the store: here it starts when
/// the request was *sent*, which is before the store received it, and the store adds ``LeaseTimes/margin``. If an
/// answer never arrives, nothing was granted as far as this gateway is concerned, but the store still counts it. If the
/// store's clock jumps ahead, the store frees what others still use. What it then grants is accepted only up to what
/// was held, until all earlier leases are over.
package struct LeaseHolder: Sendable {
  package let terms: LeaseTerms
  private let times: LeaseTimes
  /// What it may use, until ``until``.
  package private(set) var held = LeasePart()
  /// When the lease is over; `Int64.min` without one.
  package private(set) var until = Int64.min
  /// Number of gateways that share the quota, as of the last answer; 0 before any.
  package private(set) var members = 0
  /// Calls in progress. Those beyond the places held keep theirs.
  private var placesInUse: Int64 = 0
  private var owed: Int64 = 0
  private var number: Int64 = 0
  private var acknowledged: Int64 = 0
  private var demand = DemandEstimate()
  /// When the pending request was sent; nil if there is none.
  private var askedAt: Int64?
  /// What the pending request claims to hold has been given up meanwhile, and how much of it was used is not reported.
  private var claimIsOver = false
  private var lastAskedAt = Int64.min
  /// The last request was sent before its regular time.
  private var wasUrgent = false
  private var wantedLast: Int64 = 0
  private var placesWantedLast: Int64 = 0
  /// No request before this time, whatever is needed.
  private var quietUntil = Int64.min
  /// A reading of the store's clock, from the answer to a request sent at `sent`, at most a few seconds ago. It is kept
  /// for one lease, so that small jumps add up.
  private var storeClock: (time: Int64, sent: Int64)?
  /// Until then, grants are accepted only up to what was held, because the store's clock has jumped.
  private var cautiousUntil = Int64.min

  package init(_ terms: LeaseTerms, _ times: LeaseTimes = LeaseTimes()) {
    self.terms = terms
    self.times = times
  }

  /// Notes how the quota is used. Called from time to time.
  package mutating func note(_ use: ShareUse, at now: Int64) {
    placesInUse = Int64(use.inUse)
    demand.note(
      admitted: use.admitted, refused: use.refused, waiting: use.waiting, inUse: use.inUse,
      at: now)
  }

  /// Whether a lease is in force.
  package func isLeased(at now: Int64) -> Bool { now < until }

  /// The rate that it holds, in thousandths of a call per second.
  private var heldRate: Int64 {
    guard terms.count > 0 else { return 0 }
    return Int64(
      clamping: Int128(terms.count) * 1_000_000_000_000 * Int128(held.fraction)
        / (Int128(terms.period) * Int128(LeaseScript.units)))
  }

  /// The part of the limit that it holds, in ``LeaseScript/units``: of the rate, or of the places if the limit has no
  /// rate.
  package var heldPart: Int64 {
    if terms.count > 0 || terms.places == 0 { return held.fraction }
    return held.places * LeaseScript.units / Int64(terms.places)
  }

  private var want: Int64 { terms.count > 0 ? demand.want(share: heldRate) : 0 }

  /// When the next request is due: half a lease after the last one. If calls wait, or arrive at a very different rate
  /// than before, it is due as soon as another request is allowed.
  package func nextQuestion(at now: Int64) -> Int64 {
    guard askedAt == nil else { return .max }
    guard lastAskedAt != .min else { return max(now, quietUntil) }
    // The first calls after a rest do not wait until the limit of four requests per second allows one more.
    let urgentPause = wasUrgent ? times.shortestPause : times.firstPause
    return max(lastAskedAt + (isUrgent ? urgentPause : times.validity / 2), quietUntil)
  }

  /// Whether calls wait, or arrive at a very different rate than at the last request.
  private var isUrgent: Bool {
    let change = abs(want - wantedLast)
    return demand.isHungry || change > wantedLast / 4 && change > 1000
      || demand.places != placesWantedLast && terms.places > 0 || until == .min
  }

  /// The next request, if it is due. It counts as sent at `now`.
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

  /// What is held, as a request with the current number.
  private var request: LeaseRequest {
    var claim = until == .min ? LeasePart() : held
    // Calls that began with a lease that is over are still in progress.
    if terms.places > 0 { claim.places = max(claim.places, placesInUse) }
    return LeaseRequest(
      number: number, acknowledged: acknowledged, held: claim, owed: owed, want: want,
      wantedPlaces: terms.places > 0 ? demand.places : 0)
  }

  /// The last request of a gateway that leaves.
  package mutating func farewell() -> LeaseRequest? {
    guard until != .min else { return nil }
    number += 1
    return request
  }

  /// What an answer changes.
  package enum Change: Equatable, Sendable {
    /// Nothing but the time.
    case none
    /// - Parameter moves: As in ``Limiter/setShare(_:_:of:moves:missing:until:at:)``.
    case share(LimitShare, moves: Bool, missing: Int64)
    /// The request must be repeated later; what is held stays.
    case refused
  }

  /// Handles the answer to the pending request, which arrived at `now`.
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
    // The answer took longer than the lease, so it counts as not received.
    guard end > now else { return .none }
    let granted = part
    // No more than the limit has, whatever the store says.
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
    // What is not accepted counts at the store as used.
    acknowledged = isWhole && !claimIsOver ? number : 0
    owed = 0
    until = end
    guard !wasLeased || part != held else { return .none }
    let moves = wasLeased && held.burst > 0
    held = part
    return .share(share, moves: moves, missing: missing)
  }

  /// Whether calls can start with a part. If not, none of it is of use.
  private func startsCalls(_ part: LeasePart) -> Bool {
    (terms.count == 0 || part.fraction > 0 && part.burst > 0)
      && (terms.places == 0 || part.places > 0)
  }

  /// The share held, for the limiter.
  package var share: LimitShare {
    guard startsCalls(held) else { return .notYet }
    return .part(
      quota: terms.count > 0
        ? terms.quota(fraction: held.fraction, burst: held.burst) : nil,
      places: terms.places > 0 ? Int32(clamping: held.places) : nil)
  }

  /// Notes how much was used of the burst that the limiter gave back when it took a smaller share.
  package mutating func noteOwed(_ thousandths: Int64) { owed += thousandths }

  /// Gives up on the answer to the pending request.
  package mutating func giveUp() { askedAt = nil }

  /// Ends a lease whose time is over.
  ///
  /// - Returns: Whether one has ended.
  package mutating func lapse(at now: Int64) -> Bool {
    guard until != .min, now >= until else { return false }
    drop()
    return true
  }

  /// Gives the lease up immediately, for example because its limit has changed.
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

/// The times of leases, in nanoseconds.
package struct LeaseTimes: Equatable, Sendable {
  /// How long a lease may be used, starting when it was requested.
  package var validity: Int64 = 2_000_000_000
  /// How much longer the store counts it. With this, clocks that differ by 5 % do no harm.
  package var margin: Int64 = 100_000_000
  /// Between two requests for one quota: four per second.
  package var shortestPause: Int64 = 250_000_000
  /// Between a request at its regular time and an urgent one.
  package var firstPause: Int64 = 20_000_000
  /// After a refusal.
  package var pauseAfterRefusal: Int64 = 2_000_000_000

  package init() {}

  /// How long the store counts a lease.
  package var storeValidity: Int64 { validity + margin }
}
