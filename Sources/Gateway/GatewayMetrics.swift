internal import Admin
internal import GatewayServer
internal import Operator
internal import Telemetry
internal import TokenFetching
internal import TrafficJournal

/// The metrics at `/metrics`, in Prometheus' text format. The metrics of each part are in separate files.
struct GatewayMetrics: Sendable {
  let relays: RelayShared
  let readiness: Readiness
  let exporters: TelemetryExporters
  let tokens: TokenService
  let journal: JournalWriter?
  let facts: ProcessFacts
  let fleet: FleetPart
  let tls: TLSFiles

  var text: String {
    var text = PrometheusText()
    facts.put(into: &text)
    readiness.put(into: &text)
    FigureReport(relays.figures)?.put(into: &text)
    relays.current.log?.put(into: &text)
    exporters.put(into: &text)
    relays.putRefusals(into: &text)
    tls.put(into: &text)
    relays.current.settings.memory.put(into: &text)
    relays.current.settings.captures.put(into: &text)
    text.append(LimitMetrics.text(relays))
    if let status = fleet.status { text.append(FleetMetrics.text(status, relays)) }
    text.append(ModesListing(relays).metrics)
    text.append(TokenMetrics.text(tokens.listing()))
    text.append(ScopeMetrics.text(relays))
    text.append(JournalMetrics.text(journal?.statistics))
    facts.putProcess(into: &text)
    return text.text
  }
}

extension Readiness {
  func put(into text: inout PrometheusText) {
    text.family("scorm_gateway_ready", .gauge, "1 when requests can be served, as /readyz says.")
    text.sample(isReady ? 1 : 0)
    text.family("scorm_gateway_check_ok", .gauge, "1 for each check of /readyz that passes.")
    for check in checks { text.sample([("check", check.name)], check.isReady ? 1 : 0) }
    text.family("scorm_gateway_draining", .gauge, "1 while the gateway is shutting down.")
    text.sample(isDraining ? 1 : 0)
  }
}
