/// How spans are exported: what OpenTelemetry's environment variables say (specification 1.x, "OpenTelemetry
/// Environment Variable Specification" and "OTLP Exporter Configuration").
package struct TracingSettings: Sendable, Equatable {
  /// Where bodies are posted to: `http://collector:4318/v1/traces`.
  package var url: String
  /// `service.name`.
  package var service = "scorm-gateway"
  /// Further attributes of the resource.
  package var attributes: [Attribute] = []
  package var sampler = TraceSampler(followsParent: true, ratio: 1)
  /// Milliseconds for one request.
  package var timeout = 10_000
  /// Milliseconds that a finished exchange may wait for others.
  package var delay = 5_000
  /// Exchanges in one request.
  package var batch = 512
  /// PEM file of the authorities trusted instead of the system's.
  package var caFile: String?

  package init(url: String) { self.url = url }

  package struct Attribute: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
  }

  /// Reads the variables; nil when nothing is to be exported.
  ///
  /// - Parameter value: a variable's value; nil when it is unset or empty.
  package static func read(
    _ value: (String) -> String?
  ) throws(Problem) -> TracingSettings? {
    func own(_ name: String) -> String? {
      value("OTEL_EXPORTER_OTLP_TRACES_" + name) ?? value("OTEL_EXPORTER_OTLP_" + name)
    }
    if value("OTEL_SDK_DISABLED")?.lowercased() == "true" { return nil }
    if let exporter = value("OTEL_TRACES_EXPORTER"), exporter != "otlp" {
      if exporter == "none" { return nil }
      throw Problem(
        description: "OTEL_TRACES_EXPORTER: \(exporter) is not supported; use otlp or none")
    }
    let url: String
    if let whole = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
      url = whole
    } else if let base = value("OTEL_EXPORTER_OTLP_ENDPOINT") {
      url = base + (base.hasSuffix("/") ? "v1/traces" : "/v1/traces")
    } else {
      return nil
    }
    guard url.hasPrefix("http://") || url.hasPrefix("https://"),
      url.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      throw Problem(
        description: "OTEL_EXPORTER_OTLP_ENDPOINT: it must be an http:// or https:// URL, "
          + "for example http://127.0.0.1:4318")
    }
    if let wanted = own("PROTOCOL"), wanted != "http/json" {
      throw Problem(
        description: "OTEL_EXPORTER_OTLP_PROTOCOL: \(wanted) is not supported; "
          + "set http/json, which every collector takes on its HTTP port, 4318")
    }
    var settings = TracingSettings(url: url)
    for pair in try pairs("OTEL_RESOURCE_ATTRIBUTES", value("OTEL_RESOURCE_ATTRIBUTES")) {
      if pair.name == "service.name" {
        settings.service = pair.value
      } else if pair.name != "service.version" {
        settings.attributes.append(pair)
      }
    }
    if let name = value("OTEL_SERVICE_NAME") { settings.service = name }
    if let name = value("OTEL_TRACES_SAMPLER") {
      guard let sampler = TraceSampler(name: name, argument: value("OTEL_TRACES_SAMPLER_ARG"))
      else {
        throw Problem(
          description: "OTEL_TRACES_SAMPLER: \(name) with this OTEL_TRACES_SAMPLER_ARG is not "
            + "supported; use parentbased_traceidratio with a number from 0 to 1, or always_on")
      }
      settings.sampler = sampler
    }
    settings.timeout = try number("OTEL_EXPORTER_OTLP_TIMEOUT", own("TIMEOUT"), 10_000, 1...600_000)
    settings.delay = try number(
      "OTEL_BSP_SCHEDULE_DELAY", value("OTEL_BSP_SCHEDULE_DELAY"), 5_000, 10...600_000)
    settings.batch = try number(
      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", value("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), 512, 1...10_000)
    settings.caFile = own("CERTIFICATE")
    return settings
  }

  private static func number(
    _ name: String, _ text: String?, _ otherwise: Int, _ range: ClosedRange<Int>
  ) throws(Problem) -> Int {
    guard let text else { return otherwise }
    guard let value = Int(text), range.contains(value) else {
      throw Problem(
        description: "\(name): it must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// `name=value,name=value`, percent-encoded: the form of W3C Baggage. The problem quotes nothing, since
  /// a value may be a credential.
  package static func pairs(_ variable: String, _ text: String?) throws(Problem) -> [Attribute] {
    guard let text else { return [] }
    var pairs: [Attribute] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map { trimmed($0) } ?? ""
      guard parts.count == 2, !name.isEmpty, let value = decoded(trimmed(parts[1])) else {
        throw Problem(
          description: "\(variable): it must read name=value,name=value, values percent-encoded")
      }
      pairs.append(Attribute(name: name, value: value))
    }
    return pairs
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }

  private static func decoded(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst(), let low = rest.popFirst(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
    }
    // A line break would end a header field early.
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
