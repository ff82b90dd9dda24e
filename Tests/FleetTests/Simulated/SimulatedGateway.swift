@testable import Fleet
@testable import RateLimiting

/// A gateway of a ``FleetSimulation``: the holder of its lease, a cell like the limiter's, and its calls.
struct SimulatedGateway {
  struct Call {
    var ends: Int64
    /// It began under a lease that has ended, so the store no longer counts it.
    var isOrphan = false
  }

  var id: String
  /// The index into the world's terms.
  var configuration: Int
  var holder: LeaseHolder
  var cell = QuotaCell()
  var quota: Quota
  var places: Int64 = 0
  /// Whether its share lets calls start.
  var isOpen = false
  /// The speed of its clock.
  var pace: Double
  var waiting: [Int64] = []
  var underWay: [Call] = []
  var admitted: UInt64 = 0
  var refused: UInt64 = 0
  var link = 0
  var askedAt: Int64?
  var lastLook: Int64 = 0
  /// Until this time its link delivers nothing.
  var cutUntil: Int64 = 0
  /// Until this time it is away.
  var awayUntil: Int64 = 0

  init(_ id: String, _ terms: [LeaseTerms], configuration: Int, pace: Double) {
    self.id = id
    self.configuration = configuration
    self.pace = pace
    holder = LeaseHolder(terms[configuration])
    quota = terms[configuration].quota ?? Quota(count: 1, period: 1, burst: 1)
  }

  var terms: LeaseTerms { holder.terms }

  func clock(_ time: Int64) -> Int64 { Int64(Double(time) * pace) + 1_000 * second }

  /// Ends the lease if its time is over.
  mutating func lapse(at own: Int64) {
    guard holder.lapse(at: own) else { return }
    isOpen = false
    disown()
  }

  /// Its calls continue without a lease.
  mutating func disown() {
    for index in underWay.indices { underWay[index].isOrphan = true }
  }

  /// Whether a call may start now. If so, it is counted.
  mutating func start(at own: Int64) -> Bool {
    guard isOpen else { return false }
    if terms.places > 0, underWay.count >= places { return false }
    return terms.count == 0 || cell.take(quota, at: own) == 0
  }

  /// Reports the use of the limit to the holder.
  mutating func note(at own: Int64) {
    holder.note(
      ShareUse(
        key: SimulatedGateway.key, admitted: admitted, refused: refused, waiting: waiting.count,
        inUse: underWay.count, used: used(at: own)), at: own)
  }

  /// The used part of the burst, in thousandths.
  func used(at own: Int64) -> Int64 { terms.count > 0 ? cell.used(of: quota, at: own) : 0 }

  /// Applies an answer as the limiter does.
  mutating func take(_ answer: LeaseAnswer, _ limiter: inout Limiter, at own: Int64) {
    lapse(at: own)
    askedAt = nil
    guard case .share(let share, let moves, let missing) = holder.answered(answer, at: own) else {
      return
    }
    holder.noteOwed(
      limiter.exchange(&cell, &quota, share, moves: moves, missing: missing, at: own))
    if case .part(_, let part) = share {
      isOpen = true
      places = part.map { Int64($0) } ?? .max
    } else {
      isOpen = false
    }
  }

  private static let key = ShareKey(limit: 0, app: 0, caller: 0)
}

extension LimitRule {
  static func shared(_ terms: LeaseTerms) -> LimitRule {
    var rule = LimitRule(
      name: "l", per: .app,
      rate: terms.count > 0 ? Rate(count: Int(terms.count), period: terms.period) : nil,
      burst: Int(max(1, terms.burst)), concurrency: terms.places > 0 ? Int(terms.places) : nil)
    rule.isShared = true
    return rule
  }
}

extension Limiter {
  /// Makes a cell take another share, as the limiter's own cells do.
  mutating func exchange(
    _ cell: inout QuotaCell, _ quota: inout Quota, _ share: LimitShare, moves: Bool, missing: Int64,
    at now: Int64
  ) -> Int64 {
    // Each gateway has its own clock, but they all share this limiter.
    latest = now
    buckets[0].cell = cell
    buckets[0].quota = quota
    let owed = setShare(
      ShareKey(limit: 0, app: 0, caller: 0), share, moves: moves, missing: missing, at: now)
    (cell, quota) = (buckets[0].cell, buckets[0].quota)
    return owed ?? 0
  }
}
