package import Configuration
package import Memory
package import Telemetry

/// What is needed to export spans: where to, and the header fields that let us in.
package struct SpanExport: Sendable {
  package var settings: TracingSettings
  /// Header fields, whose values may be credentials.
  package var headers: [(name: String, value: SecretBytes)] = []

  /// Where they go.
  package var url: String { settings.url }

  package init(settings: TracingSettings) { self.settings = settings }

  /// As OpenTelemetry's variables say; nil when nothing is to be exported. Takes the headers out of the
  /// environment.
  ///
  /// - Parameter warn: gets what is not done as they say.
  package init?(_ environment: Environment, warn: (String) -> Void) {
    var reading = TracingSettings.read { environment.value($0) }
    defer { for warning in reading.warnings { warn(warning) } }
    guard let read = reading.settings else { return nil }
    settings = read
    // To trust others instead would not be what was asked for.
    if let path = read.caFile, let reason = ReadableFile.objection(to: path) {
      reading.warn(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "no spans are exported: its file cannot be read: \(reason)")
      return nil
    }
    for name in ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
      guard let text = environment.secretList(name) else { continue }
      if let fields = ExportHeaders.read(text) {
        headers = fields
      } else {
        reading.warn(name, "ignored: it must be name=value,name=value with percent-encoded values")
      }
      // Those for traces replace those for everything.
      break
    }
  }
}
