internal import Fleet
package import FleetStore
internal import Forwarding
package import GatewayServer
internal import RateLimiting

/// The metrics about sharing with other gateways, at `/metrics`.
package enum FleetMetrics {
  package static func text(_ status: FleetStatus, _ relays: RelayShared) -> String {
    let generation = relays.current
    var states = ""
    var granted = ""
    var members = ""
    for (key, share) in status.shares.sorted(by: { $0.key.order < $1.key.order }) {
      let name = generation.limitName(key.limit)
      guard !name.isEmpty else { continue }
      let apps = generation.rules.apps
      let callers = generation.rules.callers
      let app = key.app < apps.count ? apps[key.app].name : ""
      let caller = key.caller < callers.count ? callers[key.caller].name : ""
      let labels = "limit=\"\(name)\",app=\"\(app)\",caller=\"\(caller)\""
      for state in [FleetStatus.Share.Standing.starting, .leased, .lost] {
        let value = state == share.standing ? 1 : 0
        states +=
          "\nscorm_gateway_shared_limit_state{\(labels),state=\"\(state.rawValue)\"} \(value)"
      }
      let part = Seconds.text(share.fraction * 1_000_000_000 / LeaseScript.units)
      granted += "\nscorm_gateway_shared_limit_granted_ratio{\(labels)} \(part)"
      members += "\nscorm_gateway_shared_limit_members{\(labels)} \(share.members)"
    }
    return """
      # HELP scorm_gateway_shared_store_up 1 while the store that limits are shared through is connected.
      # TYPE scorm_gateway_shared_store_up gauge
      scorm_gateway_shared_store_up \(status.isLive ? 1 : 0)
      # HELP scorm_gateway_shared_store_commands_total Commands sent to the store.
      # TYPE scorm_gateway_shared_store_commands_total counter
      scorm_gateway_shared_store_commands_total \(status.commands)
      # HELP scorm_gateway_shared_store_errors_total Answers of the store that were errors.
      # TYPE scorm_gateway_shared_store_errors_total counter
      scorm_gateway_shared_store_errors_total \(status.errors)
      # HELP scorm_gateway_shared_store_losses_total Connections to the store that were lost.
      # TYPE scorm_gateway_shared_store_losses_total counter
      scorm_gateway_shared_store_losses_total \(status.losses)
      # HELP scorm_gateway_shared_pauses_total Pauses that came from other gateways.
      # TYPE scorm_gateway_shared_pauses_total counter
      scorm_gateway_shared_pauses_total \(status.pausesTaken)
      # HELP scorm_gateway_shared_limit_state 1 for what a shared limit goes by: no answer yet, its lease, or onLoss.
      # TYPE scorm_gateway_shared_limit_state gauge\(states)
      # HELP scorm_gateway_shared_limit_granted_ratio Part of a shared limit's rate that this gateway has leased.
      # TYPE scorm_gateway_shared_limit_granted_ratio gauge\(granted)
      # HELP scorm_gateway_shared_limit_members Gateways that share a limit.
      # TYPE scorm_gateway_shared_limit_members gauge\(members)

      """
  }
}
