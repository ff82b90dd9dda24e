/// The sandbox's virtual time and what falls due in it.
///
/// Pure: the computer's time comes as an argument. Virtual time runs beside it at a distance, or stands
/// still; it never goes back. What was put off until a moment is handed out in order, each with the clock
/// standing at its own moment, so that what a piece of work sees and schedules does not depend on how far
/// the clock was turned at once.
///
/// Times are whole milliseconds since 1970 UTC.
struct SandboxClock: Sendable {
  enum Mode: String, Sendable {
    /// Runs as the computer's clock does.
    case real
    /// Runs at a distance from it.
    case offset
    /// Stands still until it is advanced.
    case frozen
  }

  /// The last moment that can be reached, 9999-12-31T23:59:59Z: what Timestamps can write.
  static let lastMoment = 253_402_300_799_000

  private(set) var mode: Mode
  /// Where work that is being done sees the clock; otherwise the same as ``target``.
  private(set) var now: Int
  /// Work that waits for its moment.
  private(set) var queue = DueQueue()
  /// How far the clock has been turned.
  private var target: Int
  /// Milliseconds ahead of the computer's clock, while the clock runs.
  private var offset: Int

  /// The clock at its beginning. `real` is the computer's time.
  init(_ start: ClockStart, real: Int) {
    switch start {
    case .real: (mode, target) = (.real, real)
    case .frozen(let moment): (mode, target) = (.frozen, moment ?? real)
    case .ahead(let distance): (mode, target) = (.offset, min(real + distance, Self.lastMoment))
    case .running(let moment): (mode, target) = (.offset, moment)
    }
    offset = target - real
    now = target
  }

  /// The moment in whole seconds.
  var timestamp: Timestamp { Timestamp(seconds: now / 1000) }

  /// The moment and its milliseconds: `2026-03-01T12:00:00.250Z`.
  var text: String { SandboxClock.text(now) }

  static func text(_ moment: Int) -> String {
    let fraction = String(moment % 1000)
    return Timestamp(seconds: moment / 1000).text.dropLast(4)
      + String(repeating: "0", count: 3 - fraction.count) + fraction + "Z"
  }

  /// Follows the computer's clock, unless this one stands. What is due then is to be taken with
  /// ``takeDue()`` before anything else.
  ///
  /// A computer's clock that was put back does not take this one with it.
  mutating func follow(real: Int) {
    guard mode != .frozen else { return }
    target = max(target, min(real + offset, Self.lastMoment))
  }

  /// Turns the clock forward by `milliseconds`, 0 or more. What is due then is to be taken.
  mutating func advance(milliseconds: Int) throws(ClockFault) {
    guard milliseconds >= 0 else { throw .backwards }
    guard milliseconds <= Self.lastMoment - target else { throw .tooFar }
    target += milliseconds
    offset += milliseconds
    if mode == .real, milliseconds > 0 { mode = .offset }
  }

  /// Lets the clock go on in another way, from `start`; standing still without a moment means now.
  mutating func set(_ start: ClockStart, real: Int) throws(ClockFault) {
    var next = SandboxClock(start, real: real)
    if case .frozen(nil) = start { next.target = target }
    guard next.target >= target else { throw .backwards }
    (mode, target, offset) = (next.mode, next.target, next.target - real)
  }

  /// Puts `work` off until `moment`, or until now when that is past. False when too much waits.
  mutating func schedule(_ work: DueWork, at moment: Int) -> Bool {
    queue.insert(work, at: max(moment, now))
  }

  /// Puts `work` off for `milliseconds` from now on. False when too much waits.
  mutating func schedule(_ work: DueWork, after milliseconds: Int) -> Bool {
    schedule(work, at: now + milliseconds)
  }

  /// Forgets the work that `isMeant` picks.
  mutating func cancel(where isMeant: (DueWork) -> Bool) { queue.removeAll(where: isMeant) }

  /// The next work that is due, with the clock at its moment; nil when there is none left, with the clock
  /// where it was turned to.
  mutating func takeDue() -> DueQueue.Entry? {
    guard let entry = queue.popFirst(until: target) else {
      now = target
      return nil
    }
    now = max(now, entry.moment)
    return entry
  }

  /// Milliseconds of the computer's time until something is due; nil when nothing waits or the clock stands.
  func waitUntilDue(real: Int) -> Int? {
    guard mode != .frozen, let earliest = queue.earliest else { return nil }
    return max(0, earliest - max(target, real + offset))
  }

  /// What a snapshot holds of the clock.
  var value: JSONValue {
    ["mode": .string(mode.rawValue), "now": .string(text), "due": queue.value]
  }

  /// Puts a snapshot's clock back: its moment, its mode and what waited. This is the one way back in time.
  mutating func restore(_ value: JSONValue, real: Int) -> Bool {
    guard let mode = value["mode"]?.string.flatMap(Mode.init(rawValue:)),
      let text = value["now"]?.string, let moment = ClockStart.moment(text),
      let queue = DueQueue(value["due"] ?? [])
    else { return false }
    self.mode = mode
    self.queue = queue
    // A real clock goes on from today; what fell due meanwhile is done at once.
    target = mode == .real ? real : moment
    offset = target - real
    now = target
    return true
  }
}

/// Why the clock was not turned.
enum ClockFault: Error {
  case backwards
  case tooFar

  var message: String {
    switch self {
    case .backwards:
      "The clock does not go backwards. POST /sandbox/reset takes it back to how it began."
    case .tooFar: "The clock ends with the year 9999."
    }
  }
}
