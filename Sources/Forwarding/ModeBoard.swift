/// Modes that an operator has set while the gateway runs, in addition to those of the configuration.
///
/// Each applies to one caller, one app or all, and was set at this gateway or for all gateways of its fleet. They add
/// to the configuration's modes: the strictest applies. Setting `normal` removes one. Times are wall clock, in
/// nanoseconds since 1970.
package struct ModeBoard: Sendable, Equatable {
  /// What a mode applies to.
  package enum Target: Sendable, Hashable {
    case all
    case caller(Int)
    case app(Int)
  }

  package struct Entry: Sendable, Equatable {
    package var target: Target
    package var mode: OperatingMode
    package var since: Int64
    /// When it ends by itself; nil if it applies until it is removed.
    package var until: Int64?
    /// It applies at all gateways; the fleet sets and ends it, not this board.
    package var isOfFleet = false

    package init(
      target: Target, mode: OperatingMode, since: Int64, until: Int64? = nil,
      isOfFleet: Bool = false
    ) {
      self.target = target
      self.mode = mode
      self.since = since
      self.until = until
      self.isOfFleet = isOfFleet
    }
  }

  /// In the order in which they were set.
  package private(set) var entries: [Entry] = []

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }

  /// Replaces the mode of `target` at this gateway with `mode`. Returns whether that changes anything.
  @discardableResult
  package mutating func set(
    _ mode: OperatingMode, for target: Target, at now: Int64, until: Int64? = nil
  ) -> Bool {
    let had = entries.contains { $0.target == target && !$0.isOfFleet }
    entries.removeAll { $0.target == target && !$0.isOfFleet }
    guard mode != .normal else { return had }
    entries.append(Entry(target: target, mode: mode, since: now, until: until))
    return true
  }

  /// Replaces the modes of the fleet.
  package mutating func setFleet(_ modes: [Entry]) {
    entries.removeAll { $0.isOfFleet }
    entries += modes
  }

  /// Removes the modes that were set at this gateway and have ended by `now`, and returns them.
  package mutating func expire(at now: Int64) -> [Entry] {
    let ended = entries.filter { $0.hasEnded(by: now) }
    if !ended.isEmpty { entries.removeAll { $0.hasEnded(by: now) } }
    return ended
  }

  /// Renumbers the targets. A target without a new number is removed.
  package mutating func renumber(_ number: (Target) -> Target?) {
    entries = entries.compactMap { entry in
      number(entry.target).map { target in
        var entry = entry
        entry.target = target
        return entry
      }
    }
  }

  /// When the next mode that was set at this gateway ends; nil if none ends by itself.
  package var nextEnd: Int64? { entries.lazy.filter { !$0.isOfFleet }.compactMap(\.until).min() }

  /// The strictest mode that was set for one of `targets`.
  package func mode(of targets: Target...) -> OperatingMode {
    entries.lazy.filter { targets.contains($0.target) }.map(\.mode).max() ?? .normal
  }
}

extension ModeBoard.Entry {
  fileprivate func hasEnded(by now: Int64) -> Bool {
    !isOfFleet && until.map { $0 <= now } ?? false
  }
}
