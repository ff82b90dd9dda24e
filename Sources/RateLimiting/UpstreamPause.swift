/// What the upstream asked of one app: to pause, and then to return gradually.
///
/// A 429, or a 503 with a time, stops the app's calls until that time. Afterwards the rate starts at half of what it
/// was, and grows by a sixteenth of the full rate in each step: additive increase, multiplicative decrease, never above
/// the configured rate.
package struct UpstreamPause: Equatable, Sendable, BitwiseCopyable {
  /// The full rate, in levels.
  package static let fullLevel: Int64 = 16

  /// No call starts before this time, in monotonic nanoseconds.
  package internal(set) var until: Int64 = .min
  /// The rate in sixteenths of the full one, 1 to ``fullLevel``.
  package internal(set) var level = UpstreamPause.fullLevel
  /// When the level last changed, or will begin to change.
  var steppedAt: Int64 = .min
  /// When the level was last halved.
  var loweredAt: Int64 = .min
  /// Number of pauses in a row whose length the upstream did not give.
  private var unsaid: Int64 = 0
  /// How much pauses and recoveries have extended the patience of waiting calls so far, in nanoseconds.
  package internal(set) var extensions: Int64 = 0

  package init() {}

  /// The state, for another process on this machine.
  package struct Words: Equatable, Sendable {
    package var until: Int64
    package var level: Int64
    package var steppedAt: Int64
    package var loweredAt: Int64
    package var unsaid: Int64

    package init(until: Int64, level: Int64, steppedAt: Int64, loweredAt: Int64, unsaid: Int64) {
      self.until = until
      self.level = level
      self.steppedAt = steppedAt
      self.loweredAt = loweredAt
      self.unsaid = unsaid
    }
  }

  package var words: Words {
    Words(
      until: until, level: level, steppedAt: steppedAt, loweredAt: loweredAt, unsaid: unsaid)
  }

  /// Creates the pause of another process. It is limited to the longest pause that the policy allows.
  package init(words: Words, _ policy: RecoveryPolicy, at now: Int64) {
    until = min(words.until, now.addingClamped(policy.longestPause))
    level = min(UpstreamPause.fullLevel, max(1, words.level))
    steppedAt = min(words.steppedAt, max(now, until))
    loweredAt = min(words.loweredAt, now)
    unsaid = min(16, max(0, words.unsaid))
  }

  /// Whether it stops or slows calls, as of the last ``advance(_:at:)``.
  package var isActive: Bool { level < UpstreamPause.fullLevel }

  /// Notes that the upstream answered `status` to an attempt that began at `startedAt`.
  ///
  /// - Parameter retryAfter: Nanoseconds from `now` that its `Retry-After` asks for; nil without a valid one.
  /// - Returns: Whether anything changed. Only a 429, or a 503 with `retryAfter`, says something about rates.
  package mutating func answered(
    status: Int, retryAfter: Int64?, startedAt: Int64, _ policy: RecoveryPolicy, at now: Int64
  ) -> Bool {
    guard status == 429 || status == 503 && retryAfter != nil else { return false }
    // Calls that were in progress when the first such answer arrived say nothing new. They do not halve the rate again,
    // and lengthen the pause only if their answer asks for it.
    let isEcho = isActive && startedAt <= loweredAt
    if isEcho && retryAfter == nil { return false }
    let delay: Int64
    if let retryAfter {
      delay = min(max(0, retryAfter), policy.longestPause)
    } else {
      delay = min(policy.defaultPause << min(unsaid, 16), policy.longestDefaultPause)
      unsaid += 1
    }
    let before = max(now, until) &+ recoveryTime(policy)
    until = max(until, now &+ delay)
    if !isEcho {
      level = max(1, level / 2)
      loweredAt = now
    }
    steppedAt = max(now, until)
    extensions &+= max(0, steppedAt &+ recoveryTime(policy) &- before)
    return true
  }

  /// Nanoseconds from the end of the pause until the full rate.
  func recoveryTime(_ policy: RecoveryPolicy) -> Int64 {
    (UpstreamPause.fullLevel - level) * policy.step
  }

  /// Ends the pause and the recovery immediately, for an operator.
  mutating func end() {
    until = .min
    level = UpstreamPause.fullLevel
    unsaid = 0
  }

  /// Advances time. Returns whether the level changed.
  package mutating func advance(_ policy: RecoveryPolicy, at now: Int64) -> Bool {
    guard isActive, now &- steppedAt >= policy.step else { return false }
    let steps = (now &- steppedAt) / policy.step
    level = min(UpstreamPause.fullLevel, level &+ steps)
    steppedAt &+= steps &* policy.step
    if level == UpstreamPause.fullLevel { unsaid = 0 }
    return true
  }

  /// The quota at the current level. It allows only the burst that a coarse timer needs: the calls of 50 ms.
  func quota(of full: Quota) -> Quota {
    let count = full.count * level
    let period =
      min(full.period, Quota.longestPeriod / UpstreamPause.fullLevel) * UpstreamPause.fullLevel
    let burst = Int64(Int128(count) * 50_000_000 / Int128(period))
    return Quota(count: count, period: period, burst: 1 + burst)
  }
}
