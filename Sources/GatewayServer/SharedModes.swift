internal import EventLoop
package import Forwarding
internal import Synchronization

/// One ``ModeBoard`` for all event loops and the admin address.
///
/// A loop keeps a copy of the board in its planner, and updates it when it is woken for that. So planning a call reads
/// neither a lock nor an atomic.
package final class SharedModes: Sendable {
  private let state = Mutex(ModeBoard())
  /// Counts changes. Written under the lock, read without it.
  let version = Atomic<UInt64>(0)

  package init() {}

  /// The modes as they are now.
  package var board: ModeBoard { state.withLock { $0 } }

  /// Whether this gateway belongs to a fleet, and the fleet's modes for callers and apps that this gateway does not
  /// have.
  package struct Fleet: Sendable, Equatable {
    package var isJoined = false
    package var elsewhere: [Stranger] = []

    package init() {}
  }

  /// A mode for a caller or app that is not in this gateway's configuration.
  package struct Stranger: Sendable, Equatable {
    /// `caller` or `app`.
    package var kind: String
    /// The caller's name, or the app's id.
    package var name: String
    /// The mode's name as the gateway that set it wrote it.
    package var mode: String
    /// Nanoseconds since 1970.
    package var since: Int64
    package var until: Int64?

    package init(kind: String, name: String, mode: String, since: Int64, until: Int64?) {
      self.kind = kind
      self.name = name
      self.mode = mode
      self.since = since
      self.until = until
    }
  }

  private let fleetState = Mutex(Fleet())

  /// What is known of the fleet.
  package var fleet: Fleet { fleetState.withLock { $0 } }

  /// The modes, with their version.
  var current: (version: UInt64, board: ModeBoard) {
    state.withLock { (version.load(ordering: .relaxed), $0) }
  }

  fileprivate func use(_ fleet: Fleet) { fleetState.withLock { $0 = fleet } }

  /// Changes the board. Returns what `change` returns.
  fileprivate func update<Result>(_ change: (inout ModeBoard) -> Result) -> Result {
    state.withLock { board in
      let before = board
      let result = change(&board)
      if board != before { version.wrappingAdd(1, ordering: .releasing) }
      return result
    }
  }
}

extension SharedModes {
  /// Renumbers callers and apps as in `next`: a mode that was set for a name remains with that name. A removed caller
  /// or app keeps its mode while it has a place.
  func renumber(from former: ForwardingRules, to next: ForwardingRules) {
    update { board in
      board.renumber { target in
        switch target {
        case .all: return .all
        case .caller(let number):
          let name = former.callers[number].name
          let caller = next.callers.firstIndex { $0.isInForce && $0.name == name }
          return caller.map { .caller($0) } ?? (next.callers[number].name == name ? target : nil)
        case .app(let number):
          let name = former.apps[number].name
          let app = next.apps.firstIndex { $0.isInForce && $0.name == name }
          return app.map { .app($0) } ?? (next.apps[number].name == name ? target : nil)
        }
      }
    }
  }
}

extension RelayShared {
  /// Sets a mode and makes every loop take it at once. `until`: when it ends by itself.
  package func setMode(
    _ mode: OperatingMode, for target: ModeBoard.Target, at now: Int64, until: Int64?
  ) {
    modes.update { board in _ = board.set(mode, for: target, at: now, until: until) }
    wakeLoops()
  }

  /// Replaces the modes of the fleet. Targets are given by their numbers in ``current``.
  package func setFleetModes(_ entries: [ModeBoard.Entry], _ fleet: SharedModes.Fleet) {
    modes.update { board in board.setFleet(entries) }
    modes.use(fleet)
    wakeLoops()
  }

  /// Removes the modes that have ended by `now`, and returns them.
  package func endModes(at now: Int64) -> [ModeBoard.Entry] {
    let ended = modes.update { $0.expire(at: now) }
    if !ended.isEmpty { wakeLoops() }
    return ended
  }

  private func wakeLoops() { for mailbox in mailboxes { mailbox.waker.wake() } }
}
