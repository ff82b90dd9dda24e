/// How far the end of a loop has come.
struct Draining {
  /// When it must be over, in monotonic nanoseconds; `Int64.max` before it begins.
  var deadline = Int64.max
  /// This loop's mailbox was looked at once more after accepting had ended.
  var hasLastArrivals = false

  /// No request begins, and nobody is accepted: another process is about to take over, or has.
  var isHeld = false
  /// Where callers go who wait for nothing; nil unless another process has taken over.
  var successor: (any CallerTaker)?
  /// The successor is gone: callers that wait for nothing are to be read from once more.
  var looksAgain = false
  /// Answers end their callers' connections: they do not go to another process.
  var endsCallers = false

  var hasBegun: Bool { deadline < .max }

  /// Between two looks whether it is over, in nanoseconds.
  static let pause: Int64 = 50_000_000
  /// For the first request of a connection that arrives meanwhile, in nanoseconds.
  static let patience: Int64 = 1_000_000_000
  /// For a caller whose next request waits until it is known which process serves it, in nanoseconds: longer than
  /// that takes.
  static let heldPatience: Int64 = 60_000_000_000
}
