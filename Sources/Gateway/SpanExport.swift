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
  package init?(_ environment: Environment) throws(StartError) {
    let read: TracingSettings?
    do { read = try TracingSettings.read { environment.value($0) } } catch {
      throw StartError(error.description)
    }
    guard let read else { return nil }
    settings = read
    for name in ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"] {
      guard let text = environment.secret(name) else { continue }
      guard let fields = ExportHeaders.read(text) else {
        throw StartError("\(name): it must read name=value,name=value, values percent-encoded")
      }
      headers = fields
      // Those for traces replace those for everything.
      break
    }
  }
}
