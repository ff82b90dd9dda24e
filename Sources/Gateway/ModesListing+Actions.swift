internal import Admin
internal import Configuration
internal import Forwarding
internal import GatewayServer
internal import Operator
internal import System
internal import TextCoding

/// Modes set and ended while the gateway runs, and what the check of them says.
extension ModesListing {
  /// Not a fault: somebody wants it so.
  var check: ReadinessCheck {
    ReadinessCheck(
      name: "modes", isReady: true, isRequired: false,
      detail: summary)
  }

  /// The longest that a mode may be set for.
  private static let longest = Duration.seconds(365 * 24 * 3600)

  /// Sets the mode that `query` names. In force on every loop when the next of its events is over.
  static func set(_ query: AdminQuery, _ relays: RelayShared) -> AdminAnswer {
    let names = OperatingMode.allCases.map(\.name).joined(separator: ", ")
    guard let name = query.first("mode"), let mode = OperatingMode(name: name) else {
      return .badQuery("Say which mode: mode= one of \(names).")
    }
    let rules = relays.current.rules
    let target: ModeBoard.Target
    switch (query.first("caller"), query.first("app")) {
    case (nil, nil): target = .all
    case (let caller?, nil):
      guard let index = rules.callers.firstIndex(where: { $0.isInForce && $0.name == caller })
      else {
        let known = rules.callers.filter(\.isInForce).map(\.name).joined(separator: ", ")
        return .notFound("Unknown caller \"\(caller)\". Callers: \(known).")
      }
      target = .caller(index)
    case (nil, let app?):
      guard let index = rules.apps.firstIndex(where: { $0.isInForce && $0.name == app }) else {
        let known = rules.apps.filter(\.isInForce).map(\.name).joined(separator: ", ")
        return .notFound("Unknown app \"\(app)\". Apps: \(known).")
      }
      target = .app(index)
    case (.some, .some): return .badQuery("A mode applies to a caller or to an app, not to both.")
    }
    let now = relays.clock.wall
    var until: Int64?
    if let text = query.first("for") {
      guard mode != .normal, let time = Duration.read(text), time >= .seconds(1), time <= longest
      else {
        return .badQuery(
          mode == .normal
            ? "normal removes a mode at once: leave out for."
            : "for is a duration like 30s, 30m or 2h, of one second to 365 days; \"\(text)\" is not."
        )
      }
      until = now + time.nanoseconds
    }
    relays.setMode(mode, for: target, at: now, until: until)
    let listing = ModesListing(relays)
    let end = until.map { ", until \(stamp($0))" } ?? ""
    relays.tell(
      "\(listing.subject(target)) \(mode.name) from now on\(end), set at the admin address")
    return query.wantsTable ? .table(listing.table) : .json(listing.json)
  }

  /// Ends what was to end by itself.
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
