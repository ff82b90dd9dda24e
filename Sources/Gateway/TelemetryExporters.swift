internal import System
internal import Telemetry

/// The exporters of spans and log records; nil for what is not exported.
struct TelemetryExporters: Sendable {
  let spans: OTLPExporter?
  let logs: OTLPExporter?

  /// - Parameters:
  ///   - gateway: the name of this gateway.
  ///   - tell: gets lines for the operator, on the exporters' threads.
  init(
    _ export: TelemetryExport, gateway: String, clock: TimeSource,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) {
    spans = try export.traces.map { (export) throws(StartError) in
      try OTLPExporter(export, gateway: gateway, clock: clock, tell: tell)
    }
    do throws(StartError) {
      logs = try export.logs.map { (export) throws(StartError) in
        try OTLPExporter(export, gateway: gateway, clock: clock, tell: tell)
      }
    } catch {
      spans?.stop()
      throw error
    }
  }

  /// Makes both exporters send the waiting data, and ends their threads. Gives up on one that takes longer than two
  /// seconds.
  ///
  /// - Returns: false if a thread still runs.
  @discardableResult
  func stop() -> Bool {
    let all = [spans, logs].compactMap { $0 }
    for exporter in all { exporter.beginStop() }
    return all.map { $0.stop() }.allSatisfy { $0 }
  }

  func put(into text: inout PrometheusText) {
    if let health = spans?.health {
      text.family(
        "scorm_gateway_traces_exported_total", .counter,
        "Exchanges whose spans the collector took.")
      text.sample(UInt64(health.exported))
      text.family(
        "scorm_gateway_traces_dropped_total", .counter, "Exchanges whose spans were lost.")
      health.putLosses(into: &text)
    }
    if let health = logs?.health {
      text.family(
        "scorm_gateway_log_records_exported_total", .counter,
        "Exchanges whose log records the collector took.")
      text.sample(UInt64(health.exported))
      text.family(
        "scorm_gateway_log_records_dropped_total", .counter,
        "Exchanges whose log records were lost.")
      health.putLosses(into: &text)
    }
  }
}

extension OTLPExporter.Health {
  fileprivate func putLosses(into text: inout PrometheusText) {
    text.sample([("reason", "queue")], UInt64(overflowed))
    text.sample([("reason", "collector")], UInt64(refused))
  }
}
