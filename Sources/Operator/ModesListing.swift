package import Forwarding
package import GatewayServer
internal import JSONText
internal import TextCoding

/// The modes that an operator has set while the gateway runs: what `/api/mode` and `mode` show.
package struct ModesListing {
  private let relays: RelayShared
  private let board: ModeBoard

  package init(_ relays: RelayShared) {
    self.relays = relays
    board = relays.modes.board
  }

  /// For scripts.
  package var json: String {
    let rows = board.entries.map { entry -> String in
      var members: [String] = []
      if let (kind, name) = target(entry.target) {
        members.append("\"\(kind)\":\(name.quotedAsJSON)")
      }
      members.append("\"mode\":\(entry.mode.name.quotedAsJSON)")
      members.append("\"since\":\(ModesListing.stamp(entry.since).quotedAsJSON)")
      members.append(
        "\"until\":\(entry.until.map { ModesListing.stamp($0).quotedAsJSON } ?? "null")")
      return "{" + members.joined(separator: ",") + "}"
    }
    return "{\"modes\":[\(rows.joined(separator: ","))]}\n"
  }

  /// For people.
  package var table: String {
    guard !board.isEmpty else {
      return "No mode is set. The configuration (callers[].mode) decides what callers may do.\n"
    }
    return board.entries.map { text($0) + "\n" }.joined()
  }

  /// On one line, without the last line feed.
  package var summary: String {
    board.isEmpty ? "none is set" : board.entries.map(text).joined(separator: "; ")
  }

  /// The figures at `/metrics`.
  package var metrics: String {
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

  /// `caller crm is`.
  package func subject(_ target: ModeBoard.Target) -> String {
    switch self.target(target) {
    case .some((let kind, let name)): "\(kind) \(name) is"
    case nil: "all callers are"
    }
  }

  /// What the query of `/api/mode` calls it; nil for all.
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
