internal import Forwarding
internal import GatewayServer
internal import JSONText
internal import Memory
internal import SCORMCloudAPI

/// What `/api/callers` shows: each caller of the configuration and what it may do.
struct CallersListing {
  private let rules: ForwardingRules

  init(_ relays: RelayShared) { rules = relays.rules }

  var json: String {
    let rows = rules.callers.map { caller -> String in
      let all = OperationTable.all
      let allowed = all.filter { caller.operations.contains($0.index) }
      let apps = caller.apps.map { rules.apps[$0].name.quotedAsJSON }.joined(separator: ",")
      let names = allowed.map { $0.name.description.quotedAsJSON }.joined(separator: ",")
      return
        "{\"caller\":\(caller.name.quotedAsJSON),\"mode\":\(CallersListing.name(caller.mode).quotedAsJSON),"
        + "\"apps\":[\(apps)],\"batch\":\(caller.isBatch),\"all\":\(allowed.count == all.count),"
        + "\"unknownOperations\":\(caller.mayUseUnknownOperations && rules.forwardsUnknownOperations),"
        + "\"operations\":[\(names)]}"
    }
    return "{\"callers\":[\n\(rows.joined(separator: ",\n"))\n]}\n"
  }

  /// As the configuration has it.
  private static func name(_ mode: ForwardingRules.Caller.Mode) -> String {
    switch mode {
    case .normal: "normal"
    case .readOnly: "read-only"
    case .dryRun: "dry-run"
    case .frozen: "frozen"
    }
  }
}
