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
      guard let text = environment.secretList(name) else { continue }
      do {
        for pair in try TracingSettings.pairs(name, text.bytes.text) {
          guard SpanExport.isFieldName(pair.name) else {
            throw TracingSettings.Problem(description: "\(name): a name is no header field's")
          }
          if let defect = CredentialText.defect(of: pair.value.utf8.span.bytesOfElements) {
            throw TracingSettings.Problem(
              description: "\(name): the value of \(pair.name) \(defect.reason)")
          }
          headers.append((pair.name, SecretBytes(copying: pair.value.utf8.span.bytesOfElements)))
        }
      } catch { throw StartError("\(error)") }
      // Those for traces replace those for everything.
      break
    }
  }

  private static func isFieldName(_ name: String) -> Bool {
    name.utf8.allSatisfy { byte in
      0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }
  }
}
