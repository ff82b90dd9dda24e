/// The settings in OpenTelemetry's environment variables (specification 1.x, "OpenTelemetry Environment Variable
/// Specification" and "OTLP Exporter Configuration").
package struct TelemetrySettings: Sendable, Equatable {
  /// How spans are exported; nil if they are not.
  package var traces: ExportSettings?
  /// How log records are exported; nil if they are not.
  package var logs: ExportSettings?
  package var sampler = TraceSampler(followsParent: true, ratio: 1)

  package init() {}

  /// The settings in the variables, and warnings about those that are ignored.
  package struct Reading: Sendable, Equatable {
    package var settings = TelemetrySettings()
    /// Warnings for the operator, each once. They quote no value that may be a credential.
    package private(set) var warnings: [String] = []

    package init() {}

    package mutating func warn(_ variable: String, _ text: String) {
      let warning = "environment variable \(variable): \(text)"
      // A variable for both signals is read once for each.
      if !warnings.contains(warning) { warnings.append(warning) }
    }
  }

  /// Reads the variables. As the specification requires, a value that is unknown or cannot be read is reported and then
  /// ignored, as if it were not set. It does not stop the start, because platforms set these variables for all their
  /// programs.
  ///
  /// - Parameter value: returns a variable's value; nil if it is unset or empty.
  package static func read(_ value: (String) -> String?) -> Reading {
    var reading = Reading()
    if value("OTEL_SDK_DISABLED")?.lowercased() == "true" { return reading }
    reading.settings.traces = ExportSettings.read(.traces, value, &reading)
    reading.settings.logs = ExportSettings.read(.logs, value, &reading)
    guard reading.settings.traces != nil else { return reading }
    reading.readSampler(value)
    if let list = value("OTEL_PROPAGATORS"), !VariableText.words(list).contains("tracecontext") {
      reading.warn(
        "OTEL_PROPAGATORS", "traceparent and tracestate are read and sent, and nothing else")
    }
    return reading
  }
}

extension TelemetrySettings.Reading {
  fileprivate mutating func readSampler(_ value: (String) -> String?) {
    guard let name = value("OTEL_TRACES_SAMPLER") else { return }
    let argument = value("OTEL_TRACES_SAMPLER_ARG")
    let lowered = name.lowercased()
    if let sampler = TraceSampler(name: lowered, argument: argument) {
      settings.sampler = sampler
    } else if argument != nil, let sampler = TraceSampler(name: lowered, argument: nil) {
      warn("OTEL_TRACES_SAMPLER_ARG", "ignored: it must be a number from 0 to 1")
      settings.sampler = sampler
    } else {
      warn(
        "OTEL_TRACES_SAMPLER",
        "\(VariableText.shown(name)) is not supported; parentbased_always_on is used, "
          + "parentbased_traceidratio is there too")
    }
  }
}
