internal import Configuration
internal import Fleet
internal import FleetStore
internal import Forwarding
internal import GatewayServer
internal import Operator
internal import Rules
internal import Synchronization
internal import System

/// The modes that hold at all gateways, as this one goes by them.
///
/// The store names callers, and apps by their ids; loops go by numbers, which a reload changes.
final class FleetModes: Sendable {
  private struct State {
    var list: [SharedMode] = []
    /// Names of callers and ids of apps by number, as in the rules in force.
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

  /// These are the modes from now on. Tells the operator what is new.
  func take(_ list: [SharedMode]) {
    let lines = state.withLock { state in
      let lines = news(from: state.list, to: list, state.names)
      state.list = list
      apply(state)
      return lines
    }
    for line in lines { tell(.warning(line)) }
  }

  /// Callers and apps have these numbers in the rules in force. To be called after those are.
  func use(_ roster: Roster) {
    state.withLock { state in
      state.isJoined = roster.settings.shared != nil
      state.names = FleetLimits(names: roster)
      apply(state)
    }
  }

  /// The app's id; nil when there is none with this number.
  func id(ofApp number: Int) -> String? {
    state.withLock { $0.names.apps.indices.contains(number) ? $0.names.apps[number] : nil }
  }

  /// Whether there is a mode for this.
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
  /// As listings say it.
  fileprivate var words: (kind: String, name: String) {
    switch self {
    case .all: ("caller", "*")
    case .caller(let name): ("caller", name)
    case .app(let id): ("app", id)
    }
  }
}

extension FleetLimits {
  /// By the numbers of the rules.
  fileprivate func targets(of target: SharedMode.Target) -> [ModeBoard.Target] {
    switch target {
    case .all: [.all]
    case .caller(let name): callers.indices.filter { callers[$0] == name }.map { .caller($0) }
    case .app(let id): apps.indices.filter { apps[$0] == id }.map { .app($0) }
    }
  }
}

extension FleetPart {
  /// What came of a mode for all gateways.
  enum ModeResult: Equatable {
    case done
    /// Nothing is shared.
    case alone
    /// The store does not take it: why.
    case refused(store: String, String)
    /// It may hold or not.
    case unknown(store: String, String)
  }

  /// Longest ``setMode(_:for:time:)`` waits for the store, milliseconds: a little more than the service itself.
  private static let modePatience: Int32 = 1_500

  /// Sets a mode for all gateways, or takes one back. Blocks its thread until the store has it.
  ///
  /// - Parameters:
  ///   - mode: nil takes it back.
  ///   - time: nanoseconds until it ends by itself; nil: when it is taken back.
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

/// Where an answer is left for the thread that waits for it.
private final class OutcomeBox: Sendable {
  private let state = Mutex<FleetModeOutcome?>(nil)

  func put(_ outcome: FleetModeOutcome) { state.withLock { $0 = outcome } }

  var value: FleetModeOutcome? { state.withLock { $0 } }
}
