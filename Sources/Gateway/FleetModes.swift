internal import Configuration
internal import Fleet
internal import FleetStore
internal import Forwarding
internal import GatewayServer
internal import Operator
internal import Rules
internal import Synchronization
internal import System

/// Keeps the modes for all gateways and applies them at this one.
///
/// The store identifies callers by name and apps by their ids. Loops use numbers, which a reload changes.
final class FleetModes: Sendable {
  private struct State {
    var list: [SharedMode] = []
    /// The names of callers and the ids of apps, indexed by their number in the rules in force.
    var names = FleetLimits(limits: [], apps: [], callers: [], services: [])
    var isJoined = false
  }

  private let state = Mutex(State())
  private let relays: RelayShared
  private let tell: @Sendable (OperatorNotice) -> Void

  init(_ relays: RelayShared, tell: @escaping @Sendable (OperatorNotice) -> Void) {
    self.relays = relays
    self.tell = tell
  }

  /// Replaces the modes by `list` and reports the changes to the operator.
  func take(_ list: [SharedMode]) {
    let lines = state.withLock { state in
      let lines = news(from: state.list, to: list, state.names)
      state.list = list
      apply(state)
      return lines
    }
    for line in lines { tell(.warning(line)) }
  }

  /// Uses the numbers that callers and apps have in the rules in force. Call it after those rules are in force.
  func use(_ roster: Roster) {
    state.withLock { state in
      state.isJoined = roster.settings.shared != nil
      state.names = FleetLimits(names: roster)
      apply(state)
    }
  }

  /// The app's id; nil if no app has this number.
  func id(ofApp number: Int) -> String? {
    state.withLock { $0.names.apps.indices.contains(number) ? $0.names.apps[number] : nil }
  }

  /// Whether a mode for `target` is known.
  func isKnown(_ target: SharedMode.Target) -> Bool {
    state.withLock { $0.list.contains { $0.target == target } }
  }

  private func apply(_ state: State) {
    var entries: [ModeBoard.Entry] = []
    var fleet = SharedModes.Fleet()
    fleet.isJoined = state.isJoined
    for mode in state.list {
      let targets = state.names.targets(of: mode.target)
      guard !targets.isEmpty, let its = OperatingMode(name: mode.mode) else {
        let (kind, name) = mode.target.words
        fleet.elsewhere.append(
          SharedModes.Stranger(
            kind: kind, name: name, mode: mode.mode, since: mode.since, until: mode.until))
        continue
      }
      entries += targets.map {
        ModeBoard.Entry(
          target: $0, mode: its, since: mode.since, until: mode.until, isOfFleet: true)
      }
    }
    relays.setFleetModes(entries, fleet)
  }

  private func news(
    from old: [SharedMode], to new: [SharedMode], _ names: FleetLimits
  ) -> [String] {
    let listing = ModesListing(relays)
    func subject(_ target: SharedMode.Target) -> String {
      if let known = names.targets(of: target).first { return listing.subject(known) }
      let (kind, name) = target.words
      return "\(kind) \(name) is"
    }
    let begun = new.filter { mode in !old.contains { $0.isSame(as: mode) } }.map { mode in
      "\(subject(mode.target)) \(mode.mode) at all gateways since \(ModesListing.stamp(mode.since))"
        + (mode.until.map { ", until \(ModesListing.stamp($0))" } ?? "")
    }
    let ended = old.filter { mode in !new.contains { $0.target == mode.target } }.map { mode in
      "\(subject(mode.target)) no longer \(mode.mode) at all gateways"
    }
    return begun + ended
  }
}

extension SharedMode.Target {
  /// The target as listings print it.
  fileprivate var words: (kind: String, name: String) {
    switch self {
    case .all: ("caller", "*")
    case .caller(let name): ("caller", name)
    case .app(let id): ("app", id)
    }
  }
}

extension FleetLimits {
  /// The targets by their numbers in the rules in force; empty if this gateway does not have the caller or app.
  fileprivate func targets(of target: SharedMode.Target) -> [ModeBoard.Target] {
    switch target {
    case .all: [.all]
    case .caller(let name): callers.indices.filter { callers[$0] == name }.map { .caller($0) }
    case .app(let id): apps.indices.filter { apps[$0] == id }.map { .app($0) }
    }
  }
}

extension FleetPart {
  /// The result of setting a mode for all gateways.
  enum ModeResult: Equatable {
    case done
    /// Nothing is shared with other gateways.
    case alone
    /// The store refused it, for this reason.
    case refused(store: String, String)
    /// The mode may or may not be in force.
    case unknown(store: String, String)
  }

  /// The longest that ``setMode(_:for:time:)`` waits for the store, in milliseconds: slightly longer than the service
  /// itself waits.
  private static let modePatience: Int32 = 1_500

  /// Sets a mode for all gateways, or removes one. Blocks the calling thread until the store has it.
  ///
  /// - Parameters:
  ///   - mode: nil removes the mode.
  ///   - time: nanoseconds until the mode ends by itself; nil keeps it until it is removed.
  func setMode(_ mode: String?, for target: SharedMode.Target, time: Int64?) -> ModeResult {
    guard let service else {
      return isJoined
        ? .refused(
          store: "shared.url", "the system refused a descriptor or thread; the gateway tries again")
        : .alone
    }
    let server = service.status.server
    guard let signal = try? ThreadSignal() else {
      return .refused(store: server, "descriptors have run out")
    }
    let outcome = OutcomeBox()
    service.carryOut(
      FleetModeOrder(target: target, mode: mode, time: time) {
        outcome.put($0)
        signal.notify()
      })
    signal.wait(milliseconds: FleetPart.modePatience)
    switch outcome.value {
    case .done: return .done
    case .refused(let reason): return .refused(store: server, reason)
    case .unknown(let reason): return .unknown(store: server, reason)
    case nil: return .unknown(store: server, "it did not answer in time")
    }
  }
}

/// Holds the answer for the thread that waits for it.
private final class OutcomeBox: Sendable {
  private let state = Mutex<FleetModeOutcome?>(nil)

  func put(_ outcome: FleetModeOutcome) { state.withLock { $0 = outcome } }

  var value: FleetModeOutcome? { state.withLock { $0 } }
}
