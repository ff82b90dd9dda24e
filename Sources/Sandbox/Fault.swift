/// Something that is to go wrong with one operation: what, and with which of its calls.
///
/// Which calls it strikes follows from counting alone, so the same calls meet the same faults each time.
struct Fault: Sendable {
  enum Effect: Equatable, Sendable {
    /// That status instead of an answer; the operation has no effect.
    case status(Int, retryAfter: Int?)
    /// The connection is reset: without a share, before the operation has any effect; with one, after it,
    /// when that share of the answer's body was sent.
    case reset(at: Double?)
    /// The connection ends cleanly when that share of the answer's body was sent.
    case truncate(at: Double)
    /// The answer's body comes in ten pieces.
    case dribble
    /// The answer's body is no JSON.
    case malformed
    /// The answer comes late, and is right.
    case delay
  }

  /// From 1, in the order of the list: what `X-Sandbox-Fault` says.
  let id: Int
  /// As it was asked for.
  let asked: [JSONMember]
  let operation: UInt8
  let effect: Effect
  /// Milliseconds that the answer is late, or that a dribble takes altogether.
  let milliseconds: Int
  /// Calls of the operation that pass first.
  let after: Int
  /// Calls that it strikes at most; nil: all that come.
  let times: Int?
  /// Of those behind `after`, each so manieth; 1: each.
  let every: Int
  /// The share of calls, chosen by `seed` and the call's number; 1: all.
  let share: Double
  let seed: Int
  /// When it ends by itself, in milliseconds since 1970 UTC.
  let ends: Int?
  /// Calls of the operation since the fault was put, and those that it struck.
  private(set) var seen = 0
  private(set) var hits = 0

  /// Counts a call of the operation. Whether it is to be struck, unless another fault was faster.
  mutating func strikes(now: Int, isTaken: Bool) -> Bool {
    seen += 1
    if let ends, now >= ends { return false }
    let number = seen - after
    guard number > 0, number.isMultiple(of: every), times.map({ hits < $0 }) ?? true,
      share >= 1 || Fault.draw(seed, seen) < share, !isTaken
    else { return false }
    hits += 1
    return true
  }

  func isOver(now: Int) -> Bool { ends.map { now >= $0 } ?? false }

  /// As `GET /sandbox/faults` shows it.
  func value(now: Int) -> JSONValue {
    .object(
      [JSONMember("id", .integer(id))] + asked + [
        JSONMember("seen", .integer(seen)), JSONMember("hits", .integer(hits)),
        JSONMember("over", .boolean(isOver(now: now) || times.map { hits >= $0 } ?? false)),
      ])
  }

  /// A number of 0 up to 1 that `seed` and `number` decide: SplitMix64's finaliser.
  private static func draw(_ seed: Int, _ number: Int) -> Double {
    var z =
      UInt64(bitPattern: Int64(seed)) &+ UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ z >> 31) >> 11) * 0x1p-53
  }
}

/// The faults that were put, in their order.
struct FaultPlan: Sendable {
  /// Faults at a time: more than a test can mean.
  static let maximum = 1_000

  private(set) var faults: [Fault] = []

  init(_ faults: [Fault] = []) { self.faults = faults }

  /// The fault that strikes a call of `operation`; the first in the list when there are several.
  mutating func strike(_ operation: UInt8, now: Int) -> Fault? {
    var struck: Fault?
    for index in faults.indices where faults[index].operation == operation {
      if faults[index].strikes(now: now, isTaken: struck != nil) { struck = faults[index] }
    }
    return struck
  }

  func value(now: Int) -> JSONValue {
    ["faults": .array(faults.map { $0.value(now: now) })]
  }
}
