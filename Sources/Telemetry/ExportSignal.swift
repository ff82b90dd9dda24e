/// What is exported by OTLP. Each kind goes to an address of its own, and has settings of its own.
package enum ExportSignal: Sendable, CaseIterable {
  /// A span for each call, and one for each request to SCORM Cloud.
  case traces
  /// A record for each call: its line of the traffic log.
  case logs

  /// As it stands in names of variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
  var word: String {
    switch self {
    case .traces: "TRACES"
    case .logs: "LOGS"
    }
  }

  /// What follows the collector's base URL (OTLP/HTTP Request).
  var path: String {
    switch self {
    case .traces: "v1/traces"
    case .logs: "v1/logs"
    }
  }

  /// What the variables of its batches begin with.
  var batches: String {
    switch self {
    case .traces: "OTEL_BSP_"
    case .logs: "OTEL_BLRP_"
    }
  }

  /// Milliseconds that a call may wait for others, as the specification has it.
  var delay: Int {
    switch self {
    case .traces: 5_000
    case .logs: 1_000
    }
  }

  /// For the operator.
  package var things: String {
    switch self {
    case .traces: "spans"
    case .logs: "log records"
    }
  }
}
