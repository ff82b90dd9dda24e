internal import Admin
internal import Configuration
internal import Fleet
internal import Forwarding
internal import GatewayServer
internal import Operator
internal import System
internal import TextCoding

/// Sets and ends modes while the gateway runs, and provides the readiness check for them.
extension ModesListing {
  /// The check of the modes. A mode is not a fault, because an operator set it.
  var check: ReadinessCheck {
    ReadinessCheck(
      name: "modes", isReady: true, isRequired: false,
      detail: summary)
  }

  /// The longest time for which a mode can be set.
  private static let longest = Duration.seconds(365 * 24 * 3600)

  /// Sets the mode that `query` names, here or for all gateways. Each loop applies it after its next event.
  static func set(_ query: AdminQuery, _ relays: RelayShared, _ fleet: FleetPart) -> AdminAnswer {
    let names = OperatingMode.allCases.map(\.name).joined(separator: ", ")
    guard let name = query.first("mode"), let mode = OperatingMode(name: name) else {
      return .badQuery("Say which mode: mode= one of \(names).")
    }
    var duration: Int64?
    if let text = query.first("for") {
      guard mode != .normal, let time = Duration.read(text), time >= .seconds(1), time <= longest
      else {
        return .badQuery(
          mode == .normal
            ? "normal removes a mode at once: leave out for."
            : "for is a duration like 30s, 30m or 2h, of one second to 365 days; \"\(text)\" is not."
        )
      }
      duration = time.nanoseconds
    }
    switch query.first("fleet") {
    case nil, "false": break
    case "true": return setForAll(query, mode, duration, relays, fleet)
    case .some(let text): return .badQuery("fleet is true or false; \"\(text)\" is neither.")
    }
    let target: ModeBoard.Target
    switch ModesListing.target(of: query, relays) {
    case .known(let known): target = known
    case .unknown(_, let answer), .wrong(let answer): return answer
    }
    let now = relays.clock.wall
    let until = duration.map { now + $0 }
    relays.setMode(mode, for: target, at: now, until: until)
    let listing = ModesListing(relays)
    let end = until.map { ", until \(stamp($0))" } ?? ""
    relays.tell(
      "\(listing.subject(target)) \(mode.name) from now on\(end), set at the admin address")
    return query.wantsTable ? .table(listing.table) : .json(listing.json)
  }

  /// The target that a mode is requested for.
  private enum Wanted {
    case known(ModeBoard.Target)
    /// A caller or app that this gateway does not have, and the answer that says so.
    case unknown(SharedMode.Target, AdminAnswer)
    case wrong(AdminAnswer)
  }

  private static func target(of query: AdminQuery, _ relays: RelayShared) -> Wanted {
    let rules = relays.current.rules
    switch (query.first("caller"), query.first("app")) {
    case (nil, nil): return .known(.all)
    case (let caller?, nil):
      if let index = rules.callers.firstIndex(where: { $0.isInForce && $0.name == caller }) {
        return .known(.caller(index))
      }
      let known = rules.callers.filter(\.isInForce).map(\.name).joined(separator: ", ")
      return .unknown(
        .caller(caller), .notFound("Unknown caller \"\(caller)\". Callers: \(known)."))
    case (nil, let app?):
      if let index = rules.apps.firstIndex(where: { $0.isInForce && $0.name == app }) {
        return .known(.app(index))
      }
      let known = rules.apps.filter(\.isInForce).map(\.name).joined(separator: ", ")
      return .unknown(.app(app), .notFound("Unknown app \"\(app)\". Apps: \(known)."))
    case (.some, .some):
      return .wrong(.badQuery("A mode applies to a caller or to an app, not to both."))
    }
  }

  /// Sets a mode for all gateways. Blocks the calling thread until the store has it.
  private static func setForAll(
    _ query: AdminQuery, _ mode: OperatingMode, _ duration: Int64?, _ relays: RelayShared,
    _ fleet: FleetPart
  ) -> AdminAnswer {
    let target: SharedMode.Target
    switch ModesListing.target(of: query, relays) {
    case .known(.all): target = .all
    case .known(.caller(let number)): target = .caller(relays.current.rules.callers[number].name)
    case .known(.app(let number)):
      guard let id = fleet.modes.id(ofApp: number), !id.isEmpty else {
        return .unavailable("A reload is in progress; try again in a moment.")
      }
      target = .app(id)
    // A mode that another gateway has set for a caller or app of its own can be ended anywhere, for an app by its id.
    case .unknown(let stranger, let answer):
      guard mode == .normal, fleet.modes.isKnown(stranger) else { return answer }
      target = stranger
    case .wrong(let answer): return answer
    }
    switch fleet.setMode(mode == .normal ? nil : mode.name, for: target, time: duration) {
    case .done: break
    case .alone:
      return .refused(
        "This gateway shares nothing with others: its configuration has no store. Add shared: {url: "
          + "redis://HOST:6379}, the same at each gateway, or set the mode without --fleet.")
    case .refused(let store, let reason):
      return .unavailable(
        "Nothing has changed: the store \(store) cannot be used at the moment (\(reason)). Try again "
          + "when it is back, or set the mode at each gateway without --fleet.")
    case .unknown(let store, let reason):
      return .unavailable(
        "It is not known whether the mode has changed: the store \(store) has not confirmed it "
          + "(\(reason)). scorm-gateway mode shows the modes that hold; set it again when the store is back."
      )
    }
    let listing = ModesListing(relays)
    return query.wantsTable ? .table(listing.table) : .json(listing.json)
  }

  /// Ends the modes whose time is over.
  static func end(_ relays: RelayShared) -> (ended: [String], next: Int64?) {
    let now = relays.clock.wall
    let listing = ModesListing(relays)
    let queries = relays.endModes(at: now).map { entry -> String in
      relays.tell("\(listing.subject(entry.target)) no longer \(entry.mode.name): its time is up")
      guard let target = listing.target(entry.target) else { return "mode=normal" }
      return "mode=normal&\(target.kind)=\(PercentCoding.encode(target.name))"
    }
    return (queries, relays.modes.board.nextEnd.map { max(0, $0 - now) })
  }
}
