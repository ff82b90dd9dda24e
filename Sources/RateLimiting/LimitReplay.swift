internal import Histograms

/// Replays past calls against limits: which calls would have waited, and for how long.
///
/// Calls arrive at their recorded times, whatever the limits do to them. A caller that would have slowed down or
/// retried is not simulated, and neither are pauses that the upstream asked for.
package struct LimitReplay: ~Copyable {
  /// A past call: what the limits need to know of it, and how long it took once it had started.
  package struct Call: Sendable, BitwiseCopyable {
    package var request: LimitedRequest
    /// Nanoseconds; nil if it never started. Then the mean of the others is used.
    package var hold: Int64?

    package init(request: LimitedRequest, hold: Int64?) {
      self.request = request
      self.hold = hold
    }
  }

  /// What would have happened to the calls of one caller.
  package struct Outcome: Sendable {
    package var calls = 0
    package var startedAtOnce = 0
    /// Calls that started after a wait.
    package var waited = 0
    package var refused = 0
    /// How long calls waited, including those that were then refused.
    package var waits = WaitQuantiles()

    package init() {}
  }

  /// A place of a call in progress, until the call ends.
  private struct Place: BitwiseCopyable {
    var counted: LimitSet
    var app: Int32
    var caller: Int32
    var takenAt: Int64
  }

  private var limiter: Limiter
  /// Calls in progress that some limit counts, by their end.
  private var places = EarliestFirst<Place>()
  /// Waiting calls. The index of each is its tag.
  private var waiting: [Call] = []
  private var freeTags: [Int] = []
  private var latest = Int64.min
  private var holdSum: Int64 = 0
  private var holdCount: Int64 = 0
  /// By index of the caller.
  package private(set) var outcomes: [Outcome]

  package init(_ settings: LimiterSettings) throws(LimiterProblem) {
    limiter = try Limiter(settings)
    outcomes = Array(repeating: Outcome(), count: settings.callerCount)
  }

  /// By limit, then the upstream's pause, which stays at zero.
  package var counters: [LimitCounters] { limiter.counters }

  /// Number of calls that wait now.
  package var waitingCount: Int { limiter.waiting }

  /// Adds the next call, at `time` in nanoseconds from any origin. A call that is out of order is taken at the current
  /// time.
  package mutating func offer(_ call: Call, at time: Int64) {
    let now = max(latest, time)
    pass(until: now)
    if let hold = call.hold {
      holdSum &+= min(max(0, hold), LimitReplay.longestHold)
      holdCount += 1
    }
    let caller = call.request.caller
    outcomes[caller].calls += 1
    let tag = freeTags.last ?? waiting.count
    switch limiter.admit(call.request, for: WaitingParty(loop: 0, tag: UInt64(tag)), at: now) {
    case .admitted(let permit, _):
      outcomes[caller].startedAtOnce += 1
      begin(call, permit)
    case .queued:
      if freeTags.popLast() == nil { waiting.append(call) } else { waiting[tag] = call }
      takeDue()
    case .refused: outcomes[caller].refused += 1
    }
  }

  /// Advances time until no call waits: at most as long as the limits let calls wait.
  package mutating func finish() {
    while limiter.waiting > 0 {
      let next = min(limiter.nextDue, places.earliest)
      guard next < .max else { break }
      pass(until: next)
    }
  }

  /// One day: longer calls are shortened to it, so that sums cannot overflow.
  private static let longestHold: Int64 = 86_400_000_000_000

  private mutating func pass(until now: Int64) {
    while true {
      let next = min(limiter.nextDue, places.earliest)
      guard next <= now else { break }
      latest = max(latest, next)
      if places.earliest <= latest, let ended = places.popFirst() {
        let place = ended.element
        let permit = LimitPermit(
          counted: place.counted, app: place.app, caller: place.caller, takenAt: place.takenAt)
        limiter.release(permit, at: latest)
      } else {
        limiter.advance(to: latest)
      }
      takeDue()
    }
    latest = max(latest, now)
  }

  private mutating func takeDue() {
    while let due = limiter.takeDue(loop: 0) {
      let tag = Int(due.tag)
      let call = waiting[tag]
      let caller = call.request.caller
      outcomes[caller].waits.add(due.waited)
      freeTags.append(tag)
      switch due.take() {
      case .start(let permit, _):
        outcomes[caller].waited += 1
        begin(call, permit)
      case .refused: outcomes[caller].refused += 1
      }
    }
  }

  private mutating func begin(_ call: Call, _ permit: consuming LimitPermit) {
    let (counted, app, caller, takenAt) = permit.end()
    guard !counted.isEmpty else { return }
    let hold = call.hold ?? (holdCount == 0 ? 0 : holdSum / holdCount)
    places.insert(
      Place(counted: counted, app: Int32(app), caller: Int32(caller), takenAt: takenAt),
      at: takenAt &+ min(max(0, hold), LimitReplay.longestHold))
  }
}

/// Mean, maximum and quantiles of waits, in constant memory. Quantiles are exact to an eighth.
package struct WaitQuantiles: Sendable {
  /// In microseconds.
  private var waits = LogHistogram()
  private var sum: UInt64 = 0
  /// The longest wait, in nanoseconds.
  package private(set) var longest: Int64 = 0

  package init() {}

  package var count: Int { waits.total }

  /// Adds a wait, in nanoseconds.
  package mutating func add(_ wait: Int64) {
    let wait = max(0, wait)
    sum &+= UInt64(wait)
    longest = max(longest, wait)
    waits.add(wait / 1000)
  }

  /// The mean wait, in nanoseconds.
  package var mean: Int64 { count == 0 ? 0 : Int64(sum / UInt64(count)) }

  /// The wait, in nanoseconds, that `percent` of the calls did not exceed; rounded up by at most an eighth.
  package func quantile(percent: Int) -> Int64 {
    guard let values = waits.values(atRank: (count * percent + 99) / 100) else { return longest }
    return values.upperBound <= longest / 1000 ? values.upperBound * 1000 : longest
  }
}
