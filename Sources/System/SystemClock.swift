internal import CLinux

/// The system's clocks.
package enum SystemClock {
  /// Nanoseconds that never go back; they stop while the machine sleeps.
  package static var monotonic: Int64 { cl_monotonic_ns() }
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  package static var wall: Int64 { cl_wall_ns() }
}
