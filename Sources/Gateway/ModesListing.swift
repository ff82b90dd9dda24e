internal import Admin
internal import Configuration
internal import Forwarding
internal import GatewayServer
internal import JSONText
internal import Memory
internal import System
internal import TextCoding

/// The modes that an operator has set while the gateway runs: what `/api/mode` and `mode` show and change.
struct ModesListing {
  private let relays: RelayShared
  private let board: ModeBoard

  init(_ relays: RelayShared) {
    self.relays = relays
    board = relays.modes.board
  }

  /// For scripts.
  var json: String {
    let rows = board.entries.map { entry -> String in
      var members =
        target(entry.target).map { "\"\($0.kind)\":\($0.name.quotedAsJSON)" }.map { [$0] } ?? []
      members.append("\"mode\":\(entry.mode.name.quotedAsJSON)")
      members.append("\"since\":\(ModesListing.stamp(entry.since).quotedAsJSON)")
      members.append(
        "\"until\":\(entry.until.map { ModesListing.stamp($0).quotedAsJSON } ?? "null")")
      return "{" + members.joined(separator: ",") + "}"
    }
    return "{\"modes\":[\(rows.joined(separator: ","))]}\n"
  }

  /// For people.
  var table: String {
    guard !board.isEmpty else {
      return "No mode is set; what callers may do stands in the configuration (callers[].mode).\n"
    }
    return board.entries.map { text($0) + "\n" }.joined()
  }

  /// Not a fault: somebody wants it so.
  var check: ReadinessCheck {
    ReadinessCheck(
      name: "modes", isReady: true, isRequired: false,
      detail: board.isEmpty ? "none is set" : board.entries.map(text).joined(separator: "; "))
  }

  /// The figures at `/metrics`.
  var metrics: String {
    let rows = board.entries.map { entry -> String in
      let target = target(entry.target)
      return
        "\nscorm_gateway_mode{caller=\"\(target?.kind == "caller" ? target?.name ?? "" : "")\","
        + "app=\"\(target?.kind == "app" ? target?.name ?? "" : "")\",mode=\"\(entry.mode.name)\"} 1"
    }
    return """
      # HELP scorm_gateway_mode Modes that an operator has set while the gateway runs; without caller and app it is for all.
      # TYPE scorm_gateway_mode gauge\(rows.joined())

      """
  }

  /// `crm is frozen since …, until …`.
  private func text(_ entry: ModeBoard.Entry) -> String {
    let end = entry.until.map { ", until \(ModesListing.stamp($0))" } ?? ""
    return
      "\(subject(entry.target)) \(entry.mode.name) since \(ModesListing.stamp(entry.since))\(end)"
  }

  private func subject(_ target: ModeBoard.Target) -> String {
    switch self.target(target) {
    case .some((let kind, let name)): "\(kind) \(name) is"
    case nil: "all callers are"
    }
  }

  private func target(_ target: ModeBoard.Target) -> (kind: String, name: String)? {
    switch target {
    case .all: nil
    case .caller(let index): ("caller", relays.rules.callers[index].name)
    case .app(let index): ("app", relays.rules.apps[index].name)
    }
  }

  private static func stamp(_ time: Int64) -> String {
    CalendarTime(secondsSince1970: Int(time / 1_000_000_000)).stamp + "Z"
  }
}

extension ModesListing {
  /// The longest that a mode may be set for.
  private static let longest = Duration.seconds(365 * 24 * 3600)

  /// Sets the mode that `query` names. In force on every loop when the next of its events is over.
  static func set(_ query: AdminQuery, _ relays: RelayShared) -> AdminAnswer {
    let names = OperatingMode.allCases.map(\.name).joined(separator: ", ")
    guard let name = query.first("mode"), let mode = OperatingMode(name: name) else {
      return .badQuery("Say which mode: mode= one of \(names).")
    }
    let target: ModeBoard.Target
    switch (query.first("caller"), query.first("app")) {
    case (nil, nil): target = .all
    case (let caller?, nil):
      guard let index = relays.rules.callers.firstIndex(where: { $0.name == caller }) else {
        let known = relays.rules.callers.map(\.name).joined(separator: ", ")
        return .notFound("There is no caller \"\(caller)\"; there are: \(known).")
      }
      target = .caller(index)
    case (nil, let app?):
      guard let index = relays.rules.apps.firstIndex(where: { $0.name == app }) else {
        let known = relays.rules.apps.map(\.name).joined(separator: ", ")
        return .notFound("There is no app \"\(app)\"; there are: \(known).")
      }
      target = .app(index)
    case (.some, .some): return .badQuery("A mode is for a caller or for an app: give one of them.")
    }
    let now = relays.clock.wall
    var until: Int64?
    if let text = query.first("for") {
      guard mode != .normal, let time = Duration.read(text), time >= .seconds(1), time <= longest
      else {
        return .badQuery(
          mode == .normal
            ? "normal takes a mode away, at once: leave out for."
            : "for is a duration like 30s, 30m or 2h, of one second to 365 days; \"\(text)\" is not."
        )
      }
      until = now + time.nanoseconds
    }
    relays.setMode(mode, for: target, at: now, until: until)
    let listing = ModesListing(relays)
    let end = until.map { ", until \(stamp($0))" } ?? ""
    relays.tell("\(listing.subject(target)) \(mode.name) from now on\(end), by the admin address")
    return query.wantsTable ? .table(listing.table) : .json(listing.json)
  }

  /// Ends what was to end by itself.
  static func end(_ relays: RelayShared) -> (ended: [String], next: Int64?) {
    let now = relays.clock.wall
    let listing = ModesListing(relays)
    let queries = relays.endModes(at: now).map { entry -> String in
      relays.tell("\(listing.subject(entry.target)) no longer \(entry.mode.name): its time is over")
      guard let target = listing.target(entry.target) else { return "mode=normal" }
      return "mode=normal&\(target.kind)=\(PercentCoding.encode(target.name))"
    }
    return (queries, relays.modes.board.nextEnd.map { max(0, $0 - now) })
  }
}
