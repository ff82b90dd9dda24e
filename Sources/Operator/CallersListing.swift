internal import Forwarding
package import GatewayServer
internal import JSONText
internal import SCORMCloudAPI

/// The listing at `/api/callers`: each configured caller and what it may do.
package struct CallersListing {
  private let rules: ForwardingRules

  private let modes: ModeBoard

  package init(_ relays: RelayShared) {
    rules = relays.current.rules
    modes = relays.modes.board
  }

  package var json: String {
    let rows = rules.callers.enumerated().filter(\.element.isInForce).map {
      index, caller -> String in
      let strictest = max(caller.mode, modes.mode(of: .all, .caller(index)))
      let mode = caller.isPermissive && strictest == .normal ? "permissive" : strictest.name
      let all = OperationTable.all
      let allowed = all.filter { caller.operations.contains($0.index) }
      let apps = caller.apps.map { rules.apps[$0].name.quotedAsJSON }.joined(separator: ",")
      let names = allowed.map { $0.name.description.quotedAsJSON }.joined(separator: ",")
      return
        "{\"caller\":\(caller.name.quotedAsJSON),\"mode\":\(mode.quotedAsJSON),"
        + "\"apps\":[\(apps)],\"batch\":\(caller.isBatch),\"all\":\(allowed.count == all.count),"
        + "\"unknownOperations\":\(caller.mayUseUnknownOperations && rules.forwardsUnknownOperations),"
        + "\"operations\":[\(names)]}"
    }
    return "{\"callers\":[\n\(rows.joined(separator: ",\n"))\n]}\n"
  }
}
