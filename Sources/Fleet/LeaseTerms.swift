package import RateLimiting

/// What a shared limit is, the same for all its members.
package struct LeaseTerms: Equatable, Sendable {
  /// Calls in ``period``; 0 for a limit without a rate.
  package var count: Int64
  /// Nanoseconds.
  package var period: Int64
  /// Calls that may start at once after a rest.
  package var burst: Int64
  /// Calls under way at once; 0 for any number.
  package var places: Int32
  /// What it counts, in words of no meaning to the store: members with other words are refused.
  package var content: String

  package init(count: Int64, period: Int64, burst: Int64, places: Int32, content: String) {
    self.count = count
    self.period = period
    self.burst = burst
    self.places = places
    self.content = content
  }

  /// All that has to be the same for two gateways to have one limit in common.
  package var fingerprint: String {
    "\(count) in \(period) ns, burst \(burst), \(places) under way, \(content)"
  }

  /// All of it; nil without a rate.
  package var quota: Quota? {
    count > 0 ? Quota(count: count, period: period, burst: burst) : nil
  }

  /// The part of the rate that `fraction` of ``LeaseScript/units`` is, with so much burst.
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

  /// All of it, for a gateway that cannot ask.
  package var whole: LimitShare { .part(quota: quota, places: places > 0 ? places : nil) }
}

/// A share of a limit for a time: what a member asked for, or holds, or is given.
package struct LeasePart: Equatable, Sendable {
  /// Of the rate, in ``LeaseScript/units``.
  package var fraction: Int64 = 0
  package var burst: Int64 = 0
  package var places: Int64 = 0

  package init(fraction: Int64 = 0, burst: Int64 = 0, places: Int64 = 0) {
    self.fraction = fraction
    self.burst = burst
    self.places = places
  }
}

/// A question to the store.
package struct LeaseRequest: Equatable, Sendable {
  /// Counts a member's questions about one quota; the store answers none twice, nor one that comes late.
  package var number: Int64
  /// The question whose answer the member goes by.
  package var acknowledged: Int64
  /// What it may be using.
  package var held: LeasePart
  /// Thousandths of a call: what is used of the burst that it has given back.
  package var owed: Int64
  /// Thousandths of a call in a second.
  package var want: Int64
  /// Calls under way and waiting.
  package var wantedPlaces: Int64

  /// The words of the script behind the key: `operation` is `lease`.
  package func words(_ member: String, _ terms: LeaseTerms, validity: Int64) -> [String] {
    [
      "lease", member, "\(number)", "\(acknowledged)", terms.fingerprint, "\(terms.count)",
      "\(max(1, terms.period / 1000))", "\(terms.burst)", "\(terms.places)", "\(held.fraction)",
      "\(held.burst)", "\(held.places)", "\(owed)", "\(want)", "\(wantedPlaces)",
      "\(validity / 1000)",
    ]
  }

  /// The same for a member that goes: what it used of its burst, thousandths of a call.
  package func leavingWords(
    _ member: String, _ terms: LeaseTerms, validity: Int64, used: Int64
  ) -> [String] {
    var words = words(member, terms, validity: validity)
    words[0] = "leave"
    return words + ["\(used)"]
  }
}

/// What the store says to a question.
package enum LeaseAnswer: Equatable, Sendable {
  /// - Parameters:
  ///   - missing: thousandths of a call that a bigger burst comes without.
  ///   - time: microseconds of the store's clock.
  case granted(LeasePart, missing: Int64, members: Int, time: Int64)
  /// It was asked something newer before.
  case stale
  /// Gateways that are there know the limit under this fingerprint.
  case conflict(String)
  /// Something else stands under the key.
  case foreign

  /// Nil for what the script does not say.
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
