internal import Forwarding
package import GatewayServer
internal import SCORMCloudAPI

/// The metrics of scope ladders at `/metrics`. Only operations that needed a further rung have series: at most apps
/// times operations, in practice a handful.
package enum ScopeMetrics {
  package static func text(_ relays: RelayShared) -> String {
    let generation = relays.current
    var climbs = ""
    var exhausted = ""
    var rungs = ""
    for (app, operation, entry) in relays.scopes.climbedOperations
    where generation.isAppInForce(app) {
      let labels =
        "{app=\"\(generation.rules.apps[app].name)\","
        + "operation=\"\(OperationTable.operation(at: operation).name)\"}"
      climbs += "\nscorm_gateway_scope_climbs_total\(labels) \(entry.climbs)"
      exhausted += "\nscorm_gateway_scope_exhausted_total\(labels) \(entry.exhaustions)"
      rungs += "\nscorm_gateway_scope_rung\(labels) \(entry.rung + 1)"
    }
    return """
      # HELP scorm_gateway_scope_climbs_total Further credentials tried for calls that were refused for their scope.
      # TYPE scorm_gateway_scope_climbs_total counter\(climbs)
      # HELP scorm_gateway_scope_exhausted_total Calls that were refused with every credential there is to try.
      # TYPE scorm_gateway_scope_exhausted_total counter\(exhausted)
      # HELP scorm_gateway_scope_rung The rung of its ladder that an operation begins with, from 1.
      # TYPE scorm_gateway_scope_rung gauge\(rungs)

      """
  }
}
