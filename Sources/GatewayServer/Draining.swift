/// How far a loop has come in ending.
struct Draining {
  /// When draining must be over, in monotonic nanoseconds; `Int64.max` before it begins.
  var deadline = Int64.max
  /// The mailbox was read once more after accepting had ended.
  var hasLastArrivals = false

  /// No request begins and no caller is accepted: another process is about to take over, or has.
  var isHeld = false
  /// Where callers that wait for nothing go; nil unless another process has taken over.
  var successor: (any CallerTaker)?
  /// The successor is gone: callers that wait for nothing must be read from once more.
  var looksAgain = false
  /// Answers end their callers' connections, which do not go to another process.
  var endsCallers = false

  var hasBegun: Bool { deadline < .max }

  /// Between two checks whether draining is over, in nanoseconds.
  static let pause: Int64 = 50_000_000
  /// For the first request of a connection that arrives while draining, in nanoseconds.
  static let patience: Int64 = 1_000_000_000
  /// For a caller whose next request waits until it is certain which process serves it, in nanoseconds. Longer than a
  /// hand-over takes.
  static let heldPatience: Int64 = 60_000_000_000
}
