package import Forwarding
package import GatewayServer
internal import JSONText
internal import TextCoding

/// The modes that operators have set here or for all gateways, as `/api/mode` and `mode` show them.
package struct ModesListing {
  private let relays: RelayShared
  private let board: ModeBoard
  private let fleet: SharedModes.Fleet

  package init(_ relays: RelayShared) {
    self.relays = relays
    board = relays.modes.board
    fleet = relays.modes.fleet
  }

  /// The modes as JSON, for scripts.
  package var json: String {
    let rows =
      board.entries.map { entry -> String in
        var members: [String] = []
        if let (kind, name) = target(entry.target) {
          members.append("\"\(kind)\":\(name.quotedAsJSON)")
        }
        members.append("\"mode\":\(entry.mode.name.quotedAsJSON)")
        members.append("\"since\":\(ModesListing.stamp(entry.since).quotedAsJSON)")
        members.append(
          "\"until\":\(entry.until.map { ModesListing.stamp($0).quotedAsJSON } ?? "null")")
        members.append("\"fleet\":\(entry.isOfFleet)")
        return "{" + members.joined(separator: ",") + "}"
      }
      + fleet.elsewhere.map { stranger in
        "{\"\(stranger.kind)\":\(stranger.name.quotedAsJSON),\"mode\":\(stranger.mode.quotedAsJSON),"
          + "\"since\":\(ModesListing.stamp(stranger.since).quotedAsJSON),"
          + "\"until\":\(stranger.until.map { ModesListing.stamp($0).quotedAsJSON } ?? "null"),"
          + "\"fleet\":true,\"known\":false}"
      }
    return "{\"modes\":[\(rows.joined(separator: ","))]}\n"
  }

  /// The modes as text, for people.
  package var table: String {
    guard !board.isEmpty || !fleet.elsewhere.isEmpty else {
      return "No mode is set. The configuration (callers[].mode) decides what callers may do.\n"
    }
    return (board.entries.map(text) + fleet.elsewhere.map(text)).map { $0 + "\n" }.joined()
  }

  /// The table followed by an empty line; empty if no mode is set.
  var tableUnlessEmpty: String {
    board.isEmpty && fleet.elsewhere.isEmpty ? "" : table + "\n"
  }

  /// The modes in one line, without a line feed.
  package var summary: String {
    board.isEmpty ? "none is set" : board.entries.map(text).joined(separator: "; ")
  }

  /// The metrics of modes at `/metrics`.
  package var metrics: String {
    let rows = board.entries.map { entry -> String in
      let target = target(entry.target)
      return
        "\nscorm_gateway_mode{caller=\"\(target?.kind == "caller" ? target?.name ?? "" : "")\","
        + "app=\"\(target?.kind == "app" ? target?.name ?? "" : "")\",mode=\"\(entry.mode.name)\","
        + "fleet=\"\(entry.isOfFleet)\"} 1"
    }
    return """
      # HELP scorm_gateway_mode Modes that an operator has set while the gateway runs; without caller and app it is for all.
      # TYPE scorm_gateway_mode gauge\(rows.joined())

      """
  }

  /// The text of an entry: `crm is frozen since …, until …`.
  private func text(_ entry: ModeBoard.Entry) -> String {
    let place = entry.isOfFleet ? ", at all gateways" : fleet.isJoined ? ", at this gateway" : ""
    return "\(subject(entry.target)) \(entry.mode.name) "
      + ModesListing.times(entry.since, entry.until) + place
  }

  private func text(_ stranger: SharedModes.Stranger) -> String {
    "\(stranger.kind) \(stranger.name) is \(stranger.mode) "
      + ModesListing.times(stranger.since, stranger.until)
      + ", at all gateways; this one has no such \(stranger.kind)"
  }

  private static func times(_ since: Int64, _ until: Int64?) -> String {
    "since \(stamp(since))" + (until.map { ", until \(stamp($0))" } ?? "")
  }

  /// The subject of a sentence: `caller crm is`.
  package func subject(_ target: ModeBoard.Target) -> String {
    switch self.target(target) {
    case .some((let kind, let name)): "\(kind) \(name) is"
    case nil: "all callers are"
    }
  }

  /// The target as the query of `/api/mode` names it; nil for all.
  package func target(_ target: ModeBoard.Target) -> (kind: String, name: String)? {
    switch target {
    case .all: nil
    case .caller(let index): ("caller", relays.current.rules.callers[index].name)
    case .app(let index): ("app", relays.current.rules.apps[index].name)
    }
  }

  /// - Parameter time: nanoseconds since 1970.
  package static func stamp(_ time: Int64) -> String {
    CalendarTime(secondsSince1970: Int(time / 1_000_000_000)).stamp + "Z"
  }
}
