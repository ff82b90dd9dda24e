/// The sandbox's virtual time, and the work that falls due in it.
///
/// The clock is pure: the computer's time comes as an argument. Virtual time runs at a fixed distance from it or stands
/// still, and never goes back. Work is handed out in order of its due time, each piece with the clock set to that time.
/// So what a piece of work sees and schedules does not depend on how far the clock was advanced at once.
///
/// Times are whole milliseconds since 1970 UTC.
struct SandboxClock: Sendable {
  enum Mode: String, Sendable {
    /// Runs like the computer's clock.
    case real
    /// Runs at a distance from the computer's clock.
    case offset
    /// Stands still until it is advanced.
    case frozen
  }

  /// The last possible moment, 9999-12-31T23:59:59Z: the last one that a `Timestamp` can write.
  static let lastMoment = 253_402_300_799_000

  private(set) var mode: Mode
  /// The current time. While due work is done, the time of that work; otherwise the same as ``target``.
  private(set) var now: Int
  /// Scheduled work.
  private(set) var queue = DueQueue()
  /// The time that the clock was advanced to.
  private var target: Int
  /// Milliseconds ahead of the computer's clock, while the clock runs.
  private var offset: Int

  /// The clock in its initial state. `real` is the computer's time.
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

  /// The current time in whole seconds.
  var timestamp: Timestamp { Timestamp(seconds: now / 1000) }

  /// The current time with milliseconds: `2026-03-01T12:00:00.250Z`.
  var text: String { SandboxClock.text(now) }

  static func text(_ moment: Int) -> String {
    let fraction = String(moment % 1000)
    return Timestamp(seconds: moment / 1000).text.dropLast(4)
      + String(repeating: "0", count: 3 - fraction.count) + fraction + "Z"
  }

  /// Follows the computer's clock, unless this one is frozen. The caller must then do the due work with ``takeDue()``
  /// before anything else.
  ///
  /// If the computer's clock is set back, this one does not follow.
  mutating func follow(real: Int) {
    guard mode != .frozen else { return }
    target = max(target, min(real + offset, Self.lastMoment))
  }

  /// Advances the clock by `milliseconds`, 0 or more. The caller must then do the due work.
  mutating func advance(milliseconds: Int) throws(ClockFault) {
    guard milliseconds >= 0 else { throw .backwards }
    guard milliseconds <= Self.lastMoment - target else { throw .tooFar }
    target += milliseconds
    offset += milliseconds
    if mode == .real, milliseconds > 0 { mode = .offset }
  }

  /// Changes the clock's mode, and its time as `start` says. `frozen` without a moment stops it at its current time.
  mutating func set(_ start: ClockStart, real: Int) throws(ClockFault) {
    var next = SandboxClock(start, real: real)
    if case .frozen(nil) = start { next.target = target }
    guard next.target >= target else { throw .backwards }
    (mode, target, offset) = (next.mode, next.target, next.target - real)
  }

  /// Schedules `work` for `moment`, or for now if that is past. Returns false if the queue is full.
  mutating func schedule(_ work: DueWork, at moment: Int) -> Bool {
    queue.insert(work, at: max(moment, now))
  }

  /// Schedules `work` in `milliseconds` from now. Returns false if the queue is full.
  mutating func schedule(_ work: DueWork, after milliseconds: Int) -> Bool {
    schedule(work, at: now + milliseconds)
  }

  /// Removes the work that `isMeant` selects.
  mutating func cancel(where isMeant: (DueWork) -> Bool) { queue.removeAll(where: isMeant) }

  /// Takes the next due work and sets the clock to its time. Nil if nothing more is due; the clock is then at the time
  /// it was advanced to.
  mutating func takeDue() -> DueQueue.Entry? {
    guard let entry = queue.popFirst(until: target) else {
      now = target
      return nil
    }
    now = max(now, entry.moment)
    return entry
  }

  /// Milliseconds of the computer's time until work is due; nil if none is scheduled or the clock is frozen.
  func waitUntilDue(real: Int) -> Int? {
    guard mode != .frozen, let earliest = queue.earliest else { return nil }
    return max(0, earliest - max(target, real + offset))
  }

  /// The clock's part of a snapshot.
  var value: JSONValue {
    ["mode": .string(mode.rawValue), "now": .string(text), "due": queue.value]
  }

  /// Restores a snapshot's clock: time, mode and scheduled work. Only this can set the clock back. Returns false if
  /// `value` is not valid.
  mutating func restore(_ value: JSONValue, real: Int) -> Bool {
    guard let mode = value["mode"]?.string.flatMap(Mode.init(rawValue:)),
      let text = value["now"]?.string, let moment = ClockStart.moment(text),
      let queue = DueQueue(value["due"] ?? [])
    else { return false }
    self.mode = mode
    self.queue = queue
    // A real clock continues from the computer's time; work that fell due meanwhile is done at once.
    target = mode == .real ? real : moment
    offset = target - real
    now = target
    return true
  }
}

/// Why the clock was not changed.
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
