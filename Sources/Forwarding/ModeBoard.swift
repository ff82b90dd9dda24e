/// Modes that an operator has set while the gateway runs, beside those of the configuration.
///
/// Each is for one caller, for one app, or for all, and was set at this gateway or for all gateways of its fleet. They add to
/// the configuration's: the strictest holds. Setting `normal` takes one away. Times are wall clock, in nanoseconds since 1970.
package struct ModeBoard: Sendable, Equatable {
  /// What a mode is for.
  package enum Target: Sendable, Hashable {
    case all
    case caller(Int)
    case app(Int)
  }

  package struct Entry: Sendable, Equatable {
    package var target: Target
    package var mode: OperatingMode
    package var since: Int64
    /// When it ends by itself; nil: when it is taken away.
    package var until: Int64?
    /// It holds at all gateways; the fleet sets and ends it, not this board.
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

  /// Puts `mode` in the place of what `target` had at this gateway. Returns whether that changes anything.
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

  /// These are the modes of the fleet, in the place of those before.
  package mutating func setFleet(_ modes: [Entry]) {
    entries.removeAll { $0.isOfFleet }
    entries += modes
  }

  /// Takes away what was set at this gateway and has ended by `now`, and returns it.
  package mutating func expire(at now: Int64) -> [Entry] {
    let ended = entries.filter { $0.hasEnded(by: now) }
    if !ended.isEmpty { entries.removeAll { $0.hasEnded(by: now) } }
    return ended
  }

  /// Names targets by other numbers; a target that gets none is taken away.
  package mutating func renumber(_ number: (Target) -> Target?) {
    entries = entries.compactMap { entry in
      number(entry.target).map { target in
        var entry = entry
        entry.target = target
        return entry
      }
    }
  }

  /// When the next one that was set at this gateway ends; nil: none ends by itself.
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
