package import RateLimiting

/// The definition of a shared limit, which is the same for all its members.
package struct LeaseTerms: Equatable, Sendable {
  /// Calls in each ``period``; 0 for a limit without a rate.
  package var count: Int64
  /// Nanoseconds.
  package var period: Int64
  /// Calls that may start at once after a rest.
  package var burst: Int64
  /// Calls that may be in progress; 0 for any number.
  package var places: Int32
  /// What the limit counts, as text that the store does not interpret. Members with a different text are refused.
  package var content: String

  package init(count: Int64, period: Int64, burst: Int64, places: Int32, content: String) {
    self.count = count
    self.period = period
    self.burst = burst
    self.places = places
    self.content = content
  }

  /// Everything that must be equal for two gateways to share a limit.
  package var fingerprint: String {
    "\(count) in \(period) ns, burst \(burst), \(places) in progress, \(content)"
  }

  /// The whole quota; nil without a rate.
  package var quota: Quota? {
    count > 0 ? Quota(count: count, period: period, burst: burst) : nil
  }

  /// The quota for `fraction` of the rate, in ``LeaseScript/units``, with this burst.
  func quota(fraction: Int64, burst: Int64) -> Quota {
    Quota(
      count: count * fraction,
      period: min(period, Quota.longestPeriod / LeaseScript.units)
        * LeaseScript.units, burst: burst)
  }

  /// An even part, for a gateway that cannot ask.
  package func evenShare(of members: Int) -> LimitShare {
    .part(
      quota: quota?.divided(among: members),
      places: places > 0 ? max(1, places / Int32(clamping: max(1, members))) : nil)
  }

  /// The whole limit, for a gateway that cannot ask.
  package var whole: LimitShare { .part(quota: quota, places: places > 0 ? places : nil) }
}

/// A share of a limit: what a member asks for, holds, or is granted.
package struct LeasePart: Equatable, Sendable {
  /// Part of the rate, in ``LeaseScript/units``.
  package var fraction: Int64 = 0
  package var burst: Int64 = 0
  package var places: Int64 = 0

  package init(fraction: Int64 = 0, burst: Int64 = 0, places: Int64 = 0) {
    self.fraction = fraction
    self.burst = burst
    self.places = places
  }
}

/// A request to the store.
package struct LeaseRequest: Equatable, Sendable {
  /// Counts a member's requests for one quota. The store answers none twice, and none that is out of date.
  package var number: Int64
  /// The request whose answer the member uses.
  package var acknowledged: Int64
  /// What the member may be using.
  package var held: LeasePart
  /// How much is used of the burst that it has given back, in thousandths of a call.
  package var owed: Int64
  /// The wanted rate, in thousandths of a call per second.
  package var want: Int64
  /// Calls in progress and waiting.
  package var wantedPlaces: Int64

  /// The arguments of the script after the key; `operation` is `lease`.
  package func words(_ member: String, _ terms: LeaseTerms, validity: Int64) -> [String] {
    [
      "lease", member, "\(number)", "\(acknowledged)", terms.fingerprint, "\(terms.count)",
      "\(max(1, terms.period / 1000))", "\(terms.burst)", "\(terms.places)", "\(held.fraction)",
      "\(held.burst)", "\(held.places)", "\(owed)", "\(want)", "\(wantedPlaces)",
      "\(validity / 1000)",
    ]
  }

  /// The same for a member that leaves. `used` is what it has used of its burst, in thousandths of a call.
  package func leavingWords(
    _ member: String, _ terms: LeaseTerms, validity: Int64, used: Int64
  ) -> [String] {
    var words = words(member, terms, validity: validity)
    words[0] = "leave"
    return words + ["\(used)"]
  }
}

/// The store's answer to a request.
package enum LeaseAnswer: Equatable, Sendable {
  /// - Parameters:
  ///   - missing: Thousandths of a call that are not available of a larger burst.
  ///   - time: Microseconds of the store's clock.
  case granted(LeasePart, missing: Int64, members: Int, time: Int64)
  /// The store has already received a newer request.
  case stale
  /// Active gateways define the limit with this other fingerprint.
  case conflict(String)
  /// The key has a value of another program.
  case foreign

  /// Reads an answer; nil if the script cannot have returned it.
  package init?(_ value: RESPValue) {
    guard case .array(let list) = value, let word = list.first?.text else { return nil }
    switch (word, list.count) {
    case ("ok", 7):
      let numbers = list.dropFirst().compactMap(\.number)
      guard numbers.count == 6, numbers.allSatisfy({ $0 >= 0 }),
        numbers[0] <= LeaseScript.units, numbers[1] <= 1 << 32, numbers[3] <= 1 << 31,
        numbers[2] <= 1 << 50
      else { return nil }
      self = .granted(
        LeasePart(fraction: numbers[0], burst: numbers[1], places: numbers[3]),
        missing: numbers[2], members: Int(numbers[4]), time: numbers[5])
    case ("stale", 1): self = .stale
    case ("conflict", 2): self = .conflict(list[1].text ?? "")
    case ("foreign", 1): self = .foreign
    default: return nil
    }
  }
}
