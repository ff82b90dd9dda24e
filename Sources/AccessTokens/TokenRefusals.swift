/// What the upstream's refusals (401) of one token mean. They are kept by operation, because most of them concern the
/// operation.
///
/// A token that the upstream has ended is refused for every operation. An operation that the token may not call is
/// refused with every token. So a fresh token is fetched after a refusal, and the result of the call made with it
/// decides. If the call is accepted, the old token was the cause, and nothing is noted about the operation. If it is
/// refused again, the operation is the cause, and gets no further token for a pause that doubles each time. Other
/// operations are never affected. Nothing is kept about calls that were never refused.
package struct TokenRefusals: Sendable {
  /// What to do about a refusal.
  package enum Verdict: Equatable, Sendable {
    /// Do nothing: the operation was recently refused with a fresh token.
    case stay
    /// Have a fresh token fetched, and repeat the call with it. `withdraws`: a second operation was refused with the
    /// same token, so the token is not sent any more. Otherwise others use it in the meantime.
    case renew(withdraws: Bool)
  }

  /// One attempt that was refused.
  package struct Refusal: Sendable {
    /// Generation of the token it carried.
    package var generation: UInt32
    /// The attempt was made because of a refusal, with another token than before.
    package var isSecond: Bool
    /// The request can be sent again.
    package var isReplayable: Bool

    package init(generation: UInt32, isSecond: Bool, isReplayable: Bool) {
      self.generation = generation
      self.isSecond = isSecond
      self.isReplayable = isReplayable
    }
  }

  /// One operation with the tokens of one slot.
  private struct Record: Sendable {
    /// The generation for which a fresh token was last requested; 0 after a call was accepted with one.
    var askedFor: UInt32 = 0
    /// How many fresh tokens in a row were refused too.
    var count: UInt8 = 0
    var askedAt = Int64.min
    /// No fresh token before this time.
    var pausedUntil = Int64.min
  }

  /// The operation that was refused with the newest doubted token of a slot.
  private struct Doubt: Sendable {
    var generation: UInt32 = 0
    var operation: UInt8 = 0
  }

  private struct Slot: Sendable {
    /// By operation; 255 is for those that are not in the catalogue. Empty until the first refusal. Bounded: 6 KiB.
    var records: [Record] = []
    var doubt = Doubt()
  }

  private let schedule: RefreshSchedule
  private var slots: [Slot] = []

  package init(schedule: RefreshSchedule = .init()) { self.schedule = schedule }

  /// Forgets `slot`, which has a new meaning from now on.
  package mutating func forget(_ slot: TokenSlot) {
    if slot.index < slots.count { slots[slot.index] = Slot() }
  }

  /// Notes that the upstream refused an attempt of `operation` with a token of `slot`, and decides what to do.
  package mutating func refused(
    _ slot: TokenSlot, operation: UInt8, _ refusal: Refusal, at now: Int64
  ) -> Verdict {
    while slots.count <= slot.index { slots.append(Slot()) }
    if slots[slot.index].records.isEmpty {
      slots[slot.index].records = Array(repeating: Record(), count: 256)
    }
    var record = slots[slot.index].records[Int(operation)]
    if now < record.pausedUntil { return .stay }
    if shows(refusal, record, at: now) {
      let calm = record.pausedUntil.addingWithoutOverflow(schedule.maximumRefusalPause)
      record.count = record.count > 0 && now >= calm ? 1 : min(record.count + 1, 100)
      record.pausedUntil = now.addingWithoutOverflow(
        schedule.refusalPause(count: Int(record.count)))
      slots[slot.index].records[Int(operation)] = record
      return .stay
    }
    if record.askedFor != refusal.generation {
      record.askedFor = refusal.generation
      record.askedAt = now
      slots[slot.index].records[Int(operation)] = record
    }
    // An operation that is known to be refused with good tokens does not count as evidence for others either.
    return .renew(
      withdraws: record.count == 0 && isConfirmed(slot, refusal.generation, by: operation))
  }

  /// Whether a refusal of the operation at `now` would lead to a fresh token.
  package func mayRenew(_ slot: TokenSlot, operation: UInt8, at now: Int64) -> Bool {
    guard slot.index < slots.count else { return true }
    let records = slots[slot.index].records
    return records.isEmpty || now >= records[Int(operation)].pausedUntil
  }

  /// Notes that a refused call of `operation` was accepted with a fresh token.
  package mutating func worked(_ slot: TokenSlot, operation: UInt8) {
    guard slot.index < slots.count, !slots[slot.index].records.isEmpty else { return }
    slots[slot.index].records[Int(operation)] = Record()
  }

  /// Whether the refusal shows that a fresh token does not help this operation. If the request cannot be sent again,
  /// the next request of the same operation shows it, provided that it follows soon.
  private func shows(_ refusal: Refusal, _ record: Record, at now: Int64) -> Bool {
    if refusal.isSecond { return true }
    return !refusal.isReplayable && record.askedFor != 0 && record.askedFor != refusal.generation
      && now &- record.askedAt < schedule.firstRefusalPause
  }

  /// Whether another operation was already refused with this token. If not, this one is noted.
  private mutating func isConfirmed(
    _ slot: TokenSlot, _ generation: UInt32, by operation: UInt8
  ) -> Bool {
    let doubt = slots[slot.index].doubt
    if doubt.generation == generation { return doubt.operation != operation }
    slots[slot.index].doubt = Doubt(generation: generation, operation: operation)
    return false
  }
}
