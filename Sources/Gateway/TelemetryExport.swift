package import Configuration
package import Memory
package import Telemetry

/// What exporting one signal needs: the destination, and header fields with credentials.
package struct SignalExport: Sendable {
  package var settings: ExportSettings
  /// Header fields. Their values may be credentials.
  package var headers: [(name: String, value: SecretBytes)] = []

  package init(_ settings: ExportSettings) { self.settings = settings }
}

/// What is exported to collectors.
package struct TelemetryExport: Sendable {
  /// Nil exports no spans and forwards `traceparent` unchanged.
  package var traces: SignalExport?
  package var logs: SignalExport?
  package var sampler = TraceSampler(followsParent: true, ratio: 1)

  /// Exports nothing.
  package init() {}

  /// Reads OpenTelemetry's variables. Removes the headers from the environment.
  ///
  /// - Parameter warn: gets a message for each setting that is not followed.
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
    // Trusting other authorities instead would not be what the operator asked for.
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
      // The headers for one signal replace the general ones.
      break
    }
    return export
  }

  /// What is exported where, one line each, for the operator.
  package var lines: [String] {
    [traces, logs].compactMap { export in
      export.map { "exporting \($0.settings.signal.things) to \($0.settings.shownURL)" }
    }
  }
}
