package import Configuration
package import Memory
package import Telemetry

/// What is needed to export one signal: where to, and the header fields that let us in.
package struct SignalExport: Sendable {
  package var settings: ExportSettings
  /// Header fields, whose values may be credentials.
  package var headers: [(name: String, value: SecretBytes)] = []

  package init(_ settings: ExportSettings) { self.settings = settings }
}

/// What is exported to collectors.
package struct TelemetryExport: Sendable {
  /// Nil: no spans, and `traceparent` passes through.
  package var traces: SignalExport?
  package var logs: SignalExport?
  package var sampler = TraceSampler(followsParent: true, ratio: 1)

  /// Nothing.
  package init() {}

  /// As OpenTelemetry's variables say. Takes the headers out of the environment.
  ///
  /// - Parameter warn: gets what is not done as they say.
  package init(_ environment: Environment, warn: (String) -> Void) {
    var reading = TelemetrySettings.read { environment.value($0) }
    sampler = reading.settings.sampler
    traces = TelemetryExport.export(
      reading.settings.traces, headers: "OTEL_EXPORTER_OTLP_TRACES_HEADERS", environment, &reading)
    logs = TelemetryExport.export(
      reading.settings.logs, headers: "OTEL_EXPORTER_OTLP_LOGS_HEADERS", environment, &reading)
    for warning in reading.warnings { warn(warning) }
  }

  private static func export(
    _ settings: ExportSettings?, headers own: String, _ environment: Environment,
    _ reading: inout TelemetrySettings.Reading
  ) -> SignalExport? {
    guard let settings else { return nil }
    // To trust others instead would not be what was asked for.
    if let path = settings.caFile, let reason = ReadableFile.objection(to: path) {
      reading.warn(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "nothing is exported: its file cannot be read: \(reason)")
      return nil
    }
    var export = SignalExport(settings)
    for name in [own, "OTEL_EXPORTER_OTLP_HEADERS"] {
      guard let text = environment.secretList(name) else { continue }
      if let fields = ExportHeaders.read(text) {
        export.headers = fields
      } else {
        reading.warn(name, "ignored: it must be name=value,name=value with percent-encoded values")
      }
      // Those for the signal replace those for everything.
      break
    }
    return export
  }

  /// Where what goes, one line each, for the operator.
  package var lines: [String] {
    [traces, logs].compactMap { export in
      export.map { "exporting \($0.settings.signal.things) to \($0.settings.shownURL)" }
    }
  }
}
