/// What is exported by OTLP. Each kind has its own URL and its own settings.
package enum ExportSignal: Sendable, CaseIterable {
  /// A span for each call, and one for each request to SCORM Cloud.
  case traces
  /// A record for each call: its line of the traffic log.
  case logs

  /// The signal in names of variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
  var word: String {
    switch self {
    case .traces: "TRACES"
    case .logs: "LOGS"
    }
  }

  /// The path after the collector's base URL (OTLP/HTTP Request).
  var path: String {
    switch self {
    case .traces: "v1/traces"
    case .logs: "v1/logs"
    }
  }

  /// The prefix of the variables about its batches.
  var batches: String {
    switch self {
    case .traces: "OTEL_BSP_"
    case .logs: "OTEL_BLRP_"
    }
  }

  /// How long a call may wait for others, in milliseconds, as the specification says.
  var delay: Int {
    switch self {
    case .traces: 5_000
    case .logs: 1_000
    }
  }

  /// What is exported, in words for the operator.
  package var things: String {
    switch self {
    case .traces: "spans"
    case .logs: "log records"
    }
  }
}
