internal import Glibc

/// The clocks of the service thread.
enum ServiceClock {
  /// Nanoseconds of the monotonic clock: every decision about tokens is made in these.
  static var monotonic: Int64 {
    let time = read(CLOCK_MONOTONIC)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Seconds of the wall clock since 1970-01-01T00:00:00Z, for what `CreateToken` is asked.
  static var wallSeconds: Int64 { Int64(read(CLOCK_REALTIME).tv_sec) }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // Proof: `time` outlives the call, which cannot fail for these two clocks.
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}
