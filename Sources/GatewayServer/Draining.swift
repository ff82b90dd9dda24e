/// How far the end of a loop has come.
struct Draining {
  /// When it must be over, in monotonic nanoseconds; `Int64.max` before it begins.
  var deadline = Int64.max
  /// This loop's mailbox was looked at once more after accepting had ended.
  var hasLastArrivals = false

  var hasBegun: Bool { deadline < .max }

  /// Between two looks whether it is over, in nanoseconds.
  static let pause: Int64 = 50_000_000
  /// For the first request of a connection that arrives meanwhile, in nanoseconds.
  static let patience: Int64 = 1_000_000_000
}
