/// What the upstream's refusals (401) of one token say: by operation, because most of them are about the operation.
///
/// A token that the upstream has ended is refused to every operation, an operation that the token may not call is
/// refused with every token. So a refusal is answered with a fresh token, and what becomes of the call made with it
/// decides: if it is taken, the token was to blame, and nothing is held against the operation. If it is refused
/// again, the operation is, and it gets no further token for a pause that doubles each time. Other operations never
/// pay for it. Nothing is kept of calls that were never refused.
package struct TokenRefusals: Sendable {
  /// What to do about a refusal.
  package enum Verdict: Equatable, Sendable {
    /// Nothing: the operation was refused with a fresh token a moment ago.
    case stay
    /// Have a fresh token fetched, and make the call once more with it. `withdraws`: a second operation is refused
    /// with the same token, which is therefore not sent any more; until then others are served with it.
    case renew(withdraws: Bool)
  }

  /// One attempt that was refused.
  package struct Refusal: Sendable {
    /// Generation of the token it carried.
    package var generation: UInt32
    /// It was made because of a refusal, with another token than before.
    package var isSecond: Bool
    /// It can be made again.
    package var isReplayable: Bool

    package init(generation: UInt32, isSecond: Bool, isReplayable: Bool) {
      self.generation = generation
      self.isSecond = isSecond
      self.isReplayable = isReplayable
    }
  }

  /// One operation with the tokens of one slot.
  private struct Record: Sendable {
    /// The generation that a fresh token was last asked for; 0 once a call was taken with one.
    var askedFor: UInt32 = 0
    /// Fresh tokens that were refused too, in a row.
    var count: UInt8 = 0
    var askedAt = Int64.min
    /// No fresh token before this.
    var pausedUntil = Int64.min
  }

  /// The operation that is refused with the newest doubted token of a slot.
  private struct Doubt: Sendable {
    var generation: UInt32 = 0
    var operation: UInt8 = 0
  }

  private struct Slot: Sendable {
    /// By operation, 255 being those that the catalogue does not know; empty until the first refusal. Bounded: 6 KiB.
    var records: [Record] = []
    var doubt = Doubt()
  }

  private let schedule: RefreshSchedule
  private var slots: [Slot] = []

  package init(schedule: RefreshSchedule = .init()) { self.schedule = schedule }

  /// `slot` stands for something else from now on.
  package mutating func forget(_ slot: TokenSlot) {
    if slot.index < slots.count { slots[slot.index] = Slot() }
  }

  /// The upstream refused an attempt of `operation` with a token of `slot`.
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
    // An operation that is known to be refused with good tokens is not believed about others' either.
    return .renew(
      withdraws: record.count == 0 && isConfirmed(slot, refusal.generation, by: operation))
  }

  /// Whether a refusal at `now` of the operation would be answered with a fresh token.
  package func mayRenew(_ slot: TokenSlot, operation: UInt8, at now: Int64) -> Bool {
    guard slot.index < slots.count else { return true }
    let records = slots[slot.index].records
    return records.isEmpty || now >= records[Int(operation)].pausedUntil
  }

  /// A call of `operation` that was refused was taken with a fresh token.
  package mutating func worked(_ slot: TokenSlot, operation: UInt8) {
    guard slot.index < slots.count, !slots[slot.index].records.isEmpty else { return }
    slots[slot.index].records[Int(operation)] = Record()
  }

  /// Whether the refusal shows that a fresh token does not help this operation. What cannot be made again shows it by
  /// the next one like it, if that comes soon.
  private func shows(_ refusal: Refusal, _ record: Record, at now: Int64) -> Bool {
    if refusal.isSecond { return true }
    return !refusal.isReplayable && record.askedFor != 0 && record.askedFor != refusal.generation
      && now &- record.askedAt < schedule.firstRefusalPause
  }

  /// Whether another operation was refused with that token already. This one is noted if not.
  private mutating func isConfirmed(
    _ slot: TokenSlot, _ generation: UInt32, by operation: UInt8
  ) -> Bool {
    let doubt = slots[slot.index].doubt
    if doubt.generation == generation { return doubt.operation != operation }
    slots[slot.index].doubt = Doubt(generation: generation, operation: operation)
    return false
  }
}
