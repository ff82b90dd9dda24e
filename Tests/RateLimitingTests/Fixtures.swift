@testable import RateLimiting

let second: Int64 = 1_000_000_000
let millisecond: Int64 = 1_000_000

/// A reproducible source of random numbers (Steele, Lea and Flood).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension LimiterSettings {
  /// One app, one caller and one loop by default.
  init(_ rules: LimitRule..., apps: Int = 1, callers: Int = 1, loops: Int = 1) {
    self.init(rules: rules, appCount: apps, callerCount: callers, loopCount: loops)
  }
}

extension LimitRule.Rate {
  static func perSecond(_ count: Int) -> LimitRule.Rate {
    LimitRule.Rate(count: count, period: second)
  }
  static func perMinute(_ count: Int) -> LimitRule.Rate {
    LimitRule.Rate(count: count, period: 60 * second)
  }
}

extension LimitedOperations {
  static func only(_ operations: UInt8...) -> LimitedOperations {
    var set = LimitedOperations()
    for operation in operations { set.insert(operation) }
    return set
  }
}

/// The result of an offered call, without values that cannot be copied.
enum Verdict: Equatable {
  case admitted
  case queued(Int64)
  case refused(LimitRefusal.Reason, retryAfter: Int)
}

/// The start of a call.
struct Start: Equatable {
  var tag: UInt64
  var at: Int64
  var waited: Int64
}

/// A limiter with the actions of a gateway. It keeps the permits and moves time from alarm to alarm.
final class LimiterRig {
  var limiter: Limiter
  var now: Int64 = 0
  private var permits: [UInt64: Permit] = [:]
  var tickets: [UInt64: WaitTicket] = [:]
  var starts: [Start] = []
  var refusals: [(tag: UInt64, refusal: LimitRefusal)] = []
  var lastReport = LimitReport()

  /// Holds a permit so that it can be kept in a dictionary.
  private final class Permit {
    var permit: LimitPermit?
    init(_ permit: consuming LimitPermit) { self.permit = consume permit }
  }

  init(_ settings: LimiterSettings) throws { limiter = try Limiter(settings) }

  var underWay: [UInt64] { permits.keys.sorted() }

  @discardableResult
  func offer(
    _ tag: UInt64, app: Int = 0, caller: Int = 0, operation: UInt8 = 0, isWrite: Bool = false,
    _ priority: CallPriority = .interactive, loop: Int = 0
  ) -> Verdict {
    let request = LimitedRequest(
      app: app, caller: caller, operation: operation, isWrite: isWrite, priority: priority)
    switch limiter.admit(request, for: WaitingParty(loop: loop, tag: tag), at: now) {
    case .admitted(let permit, let report):
      permits[tag] = Permit(permit)
      starts.append(Start(tag: tag, at: now, waited: 0))
      lastReport = report
      return .admitted
    case .queued(let ticket, let wait):
      tickets[tag] = ticket
      takeDue(loop: loop)
      return .queued(wait)
    case .refused(let refusal):
      return .refused(refusal.reason, retryAfter: refusal.retryAfter)
    }
  }

  func takeDue(loop: Int = 0) {
    while let call = limiter.takeDue(loop: loop) {
      let (tag, waited) = (call.tag, call.waited)
      tickets[tag] = nil
      switch call.take() {
      case .start(let permit, let report):
        permits[tag] = Permit(permit)
        starts.append(Start(tag: tag, at: now, waited: waited))
        lastReport = report
      case .refused(let refusal): refusals.append((tag, refusal))
      }
    }
  }

  func finish(_ tag: UInt64) {
    guard let box = permits.removeValue(forKey: tag), let permit = box.permit.take() else { return }
    limiter.release(permit, at: now)
    takeDue()
  }

  func finishAll() { for tag in underWay { finish(tag) } }

  func cancel(_ tag: UInt64) {
    if let ticket = tickets.removeValue(forKey: tag) { limiter.cancel(ticket, at: now) }
    takeDue()
  }

  func adopt(_ settings: LimiterSettings, _ change: LimiterChange = LimiterChange()) throws {
    try limiter.adopt(settings, change, at: now)
    takeDue()
  }

  /// Lets time pass until `end` and stops at every alarm, like a loop.
  func run(until end: Int64) {
    while limiter.nextDue <= end {
      now = max(now, limiter.nextDue)
      limiter.advance(to: now)
      takeDue()
    }
    now = end
    limiter.advance(to: now)
    takeDue()
  }
}

extension Optional where Wrapped: ~Copyable {
  /// Whether there is no value.
  var isNone: Bool {
    switch self {
    case .none: true
    case .some: false
    }
  }
}
