package import Configuration
internal import Fleet
package import FleetStore
internal import GatewayServer
internal import Memory
internal import RateLimiting
internal import Rules
internal import SCORMCloudAPI
internal import Synchronization
internal import System
internal import TokenFetching

/// The part of the gateway that shares limits, pauses, modes and tokens with other gateways. It does nothing without
/// `shared`.
final class FleetPart: Sendable {
  private struct State {
    var service: FleetService?
    /// The settings that the service was started with.
    var link: SharedSettings?
    /// Settings whose service could not be started. ``retry()`` tries again.
    var missing: FleetSettings?
  }

  private let state = Mutex(State())
  private let limiter: SharedLimiter
  private let clock: TimeSource
  private let tell: @Sendable (OperatorNotice) -> Void
  private let tokens: TokenService
  /// The modes for all gateways.
  let modes: FleetModes

  init(
    _ relays: RelayShared, _ tokens: TokenService,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) {
    self.tokens = tokens
    limiter = relays.limiter
    clock = relays.clock
    self.tell = tell
    modes = FleetModes(relays, tell: tell)
  }

  /// Checks the settings as the service would, and throws what is wrong with them.
  static func check(_ settings: Settings) throws(StartError) {
    guard let shared = settings.shared else { return }
    do { try FleetService.check(FleetSettings(shared, settings.replicas)) } catch {
      throw StartError("shared: \(error.text)")
    }
  }

  /// Shares the limits of `roster` from now on. The limiter must have them already.
  func use(_ roster: Roster) {
    state.withLock { state in
      guard let shared = roster.settings.shared else {
        end(&state)
        modes.take([])
        return
      }
      let settings = FleetSettings(shared, roster)
      if let service = state.service, let link = state.link, link.isSameStore(as: shared) {
        state.link = shared
        service.adopt(settings)
        return
      }
      // A different store of the same fleet gets the modes that are known.
      let known = state.link?.prefix == shared.prefix ? state.service?.status.modes : nil
      end(&state)
      if known == nil { modes.take([]) }
      state.link = shared
      begin(settings, &state, known: known ?? ModeList())
    }
  }

  /// Starts the service again if that failed before.
  func retry() {
    state.withLock { state in
      if let settings = state.missing { begin(settings, &state) }
    }
  }

  private func begin(
    _ settings: FleetSettings, _ state: inout State, known: ModeList = ModeList()
  ) {
    do {
      state.service = try FleetService(
        settings, limiter: limiter, modes: known, clock: clock,
        events: FleetEvents(
          report: { [tell] report in
            tell(report.isWarning ? .warning(report.line) : .info(report.line))
          },
          modesChanged: { [modes] in modes.take($0) },
          tokenAnswer: { [tokens] in tokens.answered($0, $1) }))
      state.missing = nil
    } catch {
      if state.missing == nil {
        tell(
          .error("shared: \(error.text); calls under shared limits wait until it is available"))
      }
      state.missing = settings
    }
  }

  private func end(_ state: inout State) {
    if let service = state.service, !service.stop() {
      tell(.warning("shared: the thread of the former store is blocked and still running"))
    }
    state = State()
  }

  /// The state of the sharing; nil if nothing is shared.
  var status: FleetStatus? { state.withLock { $0.service?.status } }

  var service: FleetService? { state.withLock { $0.service } }

  /// Whether the configuration asks for sharing.
  var isJoined: Bool { state.withLock { $0.link != nil } }

  /// Waits until the modes of the fleet are known, but at most half a second, and not for a store that cannot be
  /// reached. So a gateway that starts while the fleet is frozen is frozen too. Blocks the calling thread.
  func waitForModes() { service?.waitForModes(milliseconds: FleetPart.startPatience) }

  private static let startPatience: Int32 = 500

  /// Takes the modes that a predecessor knew.
  func knows(_ modes: ModeList) { service?.knows(modes) }

  /// Asks or reports something about a token. Without a store it is answered at once.
  func ask(_ question: SharedTokenQuestion) {
    if let service {
      service.carryOut(question)
    } else if case .look(let ticket) = question.kind {
      tokens.answered(ticket, .away)
    }
  }

  /// An operator has ended an app's pauses here. This ends them at all gateways.
  func resume(app: Int) { state.withLock { $0.service?.resume(app: app) } }

  /// Gives the leases back and ends the service. Returns false if its thread still runs.
  func stop() -> Bool {
    state.withLock { state in
      defer { state = State() }
      return state.service?.stop() ?? true
    }
  }
}

extension SharedSettings {
  fileprivate func isSameStore(as other: SharedSettings) -> Bool {
    let hasSamePassword =
      switch (password, other.password) {
      case (nil, nil): true
      case (let a?, let b?): a.hasSameBytes(as: b)
      default: false
      }
    return hasSamePassword && url == other.url && user == other.user && caFile == other.caFile
      && prefix == other.prefix
  }
}

extension FleetProblem {
  /// The problem, worded for the operator.
  package var text: String {
    switch self {
    case .system(let text): "the system refuses what it needs: \(text)"
    case .trust(let text): text
    }
  }
}

extension FleetSettings {
  /// The settings of the store alone, without limits.
  package init(_ shared: SharedSettings, _ replicas: Int) {
    let place: Place =
      switch shared.url.place {
      case .tcp(let host, let port, let isTLS): .tcp(host: host, port: port, isTLS: isTLS)
      case .unix(let path): .unix(path: path)
      }
    let onLoss: LossPolicy =
      switch shared.onLoss {
      case .share: .share
      case .closed: .closed
      case .open: .open
      }
    self.init(
      place: place, user: shared.user, password: shared.password, caFile: shared.caFile,
      database: shared.url.database, prefix: shared.prefix, onLoss: onLoss, replicas: replicas,
      limits: FleetLimits(limits: [], apps: [], callers: [], services: []))
  }

  init(_ shared: SharedSettings, _ roster: Roster) {
    self.init(shared, roster.settings.replicas)
    limits = FleetLimits(names: roster)
    limits.limits = roster.limits.list.map { place in
      guard let place, place.isInForce, place.item.isShared else { return nil }
      return FleetLimits.SharedLimit(place.item)
    }
  }
}

extension FleetLimits {
  /// The names of apps and callers, without limits.
  init(names roster: Roster) {
    self.init(
      limits: [],
      // Apps are identified by their ids, because configurations may name them differently.
      apps: roster.apps.list.map { place in
        guard let place, place.isInForce else { return "" }
        return place.item.app.id
      },
      callers: roster.callers.list.map { place in
        guard let place, place.isInForce else { return "" }
        return place.item.name
      }, services: (0...Service.allCases.count).map { RulesCompiler.pausedName($0) })
  }
}

extension FleetLimits.SharedLimit {
  fileprivate init(_ limit: Limit) {
    self.init(
      name: limit.name,
      terms: LeaseTerms(
        count: Int64(limit.rate?.count ?? 0), period: limit.rate?.period.nanoseconds ?? 1,
        burst: limit.rate == nil ? 0 : Int64(limit.burst),
        places: Int32(clamping: limit.concurrency ?? 0),
        content: "per \(limit.per.rawValue), \(limit.match.text)"),
      hasApp: limit.per == .app || limit.per == .appAndCaller,
      hasCaller: limit.per == .caller || limit.per == .appAndCaller)
  }
}
