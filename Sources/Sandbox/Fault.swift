/// Something that goes wrong with calls of one operation: what, and in which calls.
///
/// Which calls it strikes depends only on counting, so the same calls meet the same faults in every run.
struct Fault: Sendable {
  enum Effect: Equatable, Sendable {
    /// This status instead of an answer; the operation has no effect.
    case status(Int, retryAfter: Int?)
    /// The connection is reset. Without a share this happens before the operation has any effect; with a share,
    /// afterwards, once that share of the answer's body is sent.
    case reset(at: Double?)
    /// The connection ends cleanly once that share of the answer's body is sent.
    case truncate(at: Double)
    /// The answer's body is sent in ten pieces.
    case dribble
    /// The answer's body is not JSON.
    case malformed
    /// The answer is correct but late.
    case delay
  }

  /// From 1, in the order of the list; the value of `X-Sandbox-Fault`.
  let id: Int
  /// The members as requested.
  let asked: [JSONMember]
  let operation: UInt8
  let effect: Effect
  /// The delay of the answer, or the total time of a dribble, in milliseconds.
  let milliseconds: Int
  /// Calls of the operation that pass before the first strike.
  let after: Int
  /// Maximum number of calls that it strikes; nil for no limit.
  let times: Int?
  /// Of the calls after the first `after`, every n-th can be struck; 1 for each.
  let every: Int
  /// The share of calls to strike, chosen by `seed` and the call's number; 1 for all.
  let share: Double
  let seed: Int
  /// When the fault ends by itself, in milliseconds since 1970 UTC; nil for never.
  let ends: Int?
  /// Calls of the operation since the fault was set, and how many of them it struck.
  private(set) var seen = 0
  private(set) var hits = 0

  /// Counts a call of the operation. Returns whether the fault strikes it. `isTaken` means that an earlier fault in the
  /// list already did.
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

  /// The form in the answer to `GET /sandbox/faults`.
  func value(now: Int) -> JSONValue {
    .object(
      [JSONMember("id", .integer(id))] + asked + [
        JSONMember("seen", .integer(seen)), JSONMember("hits", .integer(hits)),
        JSONMember("over", .boolean(isOver(now: now) || times.map { hits >= $0 } ?? false)),
      ])
  }

  /// A number from 0 up to but excluding 1, derived from `seed` and `number` with SplitMix64's finaliser.
  private static func draw(_ seed: Int, _ number: Int) -> Double {
    var z =
      UInt64(bitPattern: Int64(seed)) &+ UInt64(bitPattern: Int64(number)) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ z >> 31) >> 11) * 0x1p-53
  }
}

/// The faults that are set, in their order.
struct FaultPlan: Sendable {
  /// Maximum number of faults at a time: more than a test can need.
  static let maximum = 1_000

  private(set) var faults: [Fault] = []

  init(_ faults: [Fault] = []) { self.faults = faults }

  /// The fault that strikes a call of `operation`; if several do, the first in the list.
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
