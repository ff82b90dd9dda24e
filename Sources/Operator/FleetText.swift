internal import Fleet
internal import FleetStore
internal import JSONText
internal import System

/// How listings show what is shared with other gateways.
enum FleetText {
  /// The store's state, for people.
  static func line(_ status: FleetStatus, at now: Int64) -> String {
    let time = DurationText.text(nanoseconds: max(0, now - status.since))
    if status.isLive { return "Shared through \(status.server), connected for \(time)." }
    let reason = status.failure.map { ": \($0)" } ?? ""
    return "Shared through \(status.server), NOT CONNECTED for \(time)\(reason)."
  }

  /// The store's state, for scripts.
  static func json(_ status: FleetStatus, at now: Int64) -> String {
    "{\"server\":\(status.server.quotedAsJSON),\"connected\":\(status.isLive),"
      + "\"for\":\(Seconds.text(max(0, now - status.since))),"
      + "\"failure\":\(status.failure.map(\.quotedAsJSON) ?? "null")}"
  }

  /// The sharing of a quota, for people: `87 % of 3 gateways, renews in 0.3 s`.
  static func cell(_ share: FleetStatus.Share, at now: Int64) -> String {
    if share.refusal != nil { return "refused" }
    switch share.standing {
    case .starting: return "no share yet"
    case .lost: return "store lost"
    case .leased:
      let part =
        share.fraction > 0 || share.places == 0
        ? "\(percent(share)) %" : "\(share.places) places"
      let renewal =
        share.renewal == .max
        ? "now" : "in " + DurationText.text(nanoseconds: max(0, share.renewal - now))
      return "\(part) of \(share.members) gateways, renews \(renewal)"
    }
  }

  /// The sharing of a quota, for scripts.
  static func json(_ share: FleetStatus.Share, at now: Int64) -> String {
    var members = [
      "\"state\":\"\(share.standing.rawValue)\"", "\"members\":\(share.members)",
      "\"granted\":\(Seconds.text(share.fraction * 1_000_000_000 / LeaseScript.units))",
      "\"burst\":\(share.burst)", "\"places\":\(share.places)",
    ]
    if share.renewal != .max {
      members.append("\"renewsIn\":\(Seconds.text(max(0, share.renewal - now)))")
    }
    if let refusal = share.refusal { members.append("\"refusal\":\(refusal.quotedAsJSON)") }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func percent(_ share: FleetStatus.Share) -> Int64 {
    (share.fraction * 100 + LeaseScript.units / 2) / LeaseScript.units
  }
}
