internal import Memory
internal import TextCoding

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

  /// What the variables say, and what of it is not done as they say.
  package struct Reading: Sendable, Equatable {
    /// Nil when nothing is to be exported.
    package var settings: TracingSettings?
    /// For the operator; quotes no value that may be a credential.
    package var warnings: [String] = []

    package init() {}
  }

  /// Reads the variables. As the specification wants it, a value that is unknown or cannot be read is told and
  /// then ignored, as if it were not set, and stops nothing: platforms set these variables for all their programs.
  ///
  /// - Parameter value: a variable's value; nil when it is unset or empty.
  package static func read(_ value: (String) -> String?) -> Reading {
    var reading = Reading()
    if value("OTEL_SDK_DISABLED")?.lowercased() == "true" { return reading }
    let endpoint: (name: String, url: String)
    if let whole = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
      endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", whole)
    } else if let base = value("OTEL_EXPORTER_OTLP_ENDPOINT") {
      endpoint = (
        "OTEL_EXPORTER_OTLP_ENDPOINT", base + (base.hasSuffix("/") ? "v1/traces" : "/v1/traces")
      )
    } else {
      return reading
    }
    guard exports(value("OTEL_TRACES_EXPORTER"), &reading) else { return reading }
    let scheme = endpoint.url.lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://"),
      endpoint.url.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      reading.warn(
        endpoint.name,
        "no spans are exported: it must be an http:// or https:// URL, for example http://127.0.0.1:4318"
      )
      return reading
    }
    var settings = TracingSettings(url: endpoint.url)
    settings.readResource(value, &reading)
    settings.readSampler(value, &reading)
    settings.readExporter(value, &reading)
    reading.settings = settings
    return reading
  }

  /// Whether `OTEL_TRACES_EXPORTER`, a list, names the one there is.
  private static func exports(_ list: String?, _ reading: inout Reading) -> Bool {
    guard let list else { return true }
    let names = list.lowercased().split(separator: ",").map(trimmed)
    for name in names where name != "otlp" && name != "none" {
      reading.warn("OTEL_TRACES_EXPORTER", "\(shown(name)) is not supported; otlp is")
    }
    return names.contains("otlp")
  }

  private mutating func readResource(_ value: (String) -> String?, _ reading: inout Reading) {
    let name = "OTEL_RESOURCE_ATTRIBUTES"
    // One fault discards all of it (Resource SDK, "Specifying resource information via an environment variable").
    let pairs: [Attribute]
    do { pairs = try TracingSettings.pairs(value(name)) } catch {
      reading.warn(name, "ignored: \(error)")
      pairs = []
    }
    for pair in pairs {
      if pair.name == "service.name" {
        service = pair.value
      } else if pair.name != "service.version" {
        attributes.append(pair)
      }
    }
    if let name = value("OTEL_SERVICE_NAME") { service = name }
  }

  private mutating func readSampler(_ value: (String) -> String?, _ reading: inout Reading) {
    guard let name = value("OTEL_TRACES_SAMPLER") else { return }
    let argument = value("OTEL_TRACES_SAMPLER_ARG")
    let lowered = name.lowercased()
    if let sampler = TraceSampler(name: lowered, argument: argument) {
      self.sampler = sampler
    } else if argument != nil, let sampler = TraceSampler(name: lowered, argument: nil) {
      reading.warn("OTEL_TRACES_SAMPLER_ARG", "ignored: it must be a number from 0 to 1")
      self.sampler = sampler
    } else {
      reading.warn(
        "OTEL_TRACES_SAMPLER",
        "\(TracingSettings.shown(name)) is not supported; parentbased_always_on is used, "
          + "parentbased_traceidratio is there too")
    }
  }

  private mutating func readExporter(_ value: (String) -> String?, _ reading: inout Reading) {
    /// The variable for traces, else the one for everything.
    func own(_ name: String) -> (name: String, value: String)? {
      for prefix in ["OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"] {
        if let value = value(prefix + name) { return (prefix + name, value) }
      }
      return nil
    }
    if let wanted = own("PROTOCOL"), wanted.value.lowercased() != "http/json" {
      reading.warn(
        wanted.name,
        "\(TracingSettings.shown(wanted.value)) is not supported; spans are sent as http/json, which every "
          + "collector takes on its HTTP port, 4318")
    }
    if let wanted = own("COMPRESSION"), wanted.value.lowercased() != "none" {
      reading.warn(wanted.name, "not supported; spans are sent as they are")
    }
    for name in ["CLIENT_CERTIFICATE", "CLIENT_KEY"] {
      if let wanted = own(name) {
        reading.warn(wanted.name, "not supported; no certificate is shown")
      }
    }
    if let list = value("OTEL_PROPAGATORS"),
      !list.lowercased().split(separator: ",").map(TracingSettings.trimmed).contains("tracecontext")
    {
      reading.warn(
        "OTEL_PROPAGATORS", "traceparent and tracestate are read and sent, and nothing else")
    }
    if let wanted = own("TIMEOUT") { reading.take(wanted, 1...600_000, &timeout) }
    for (name, range, path) in [
      ("OTEL_BSP_SCHEDULE_DELAY", 10...600_000, \TracingSettings.delay),
      ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1...10_000, \TracingSettings.batch),
    ] {
      if let text = value(name) { reading.take((name, text), range, &self[keyPath: path]) }
    }
    caFile = own("CERTIFICATE")?.value
  }

  /// A value in a message: a word, and not what may be something else.
  private static func shown(_ text: String) -> String {
    let isWord =
      text.utf8.count <= 32
      && text.utf8.allSatisfy { isWordByte($0) }
    return isWord ? text : "its value"
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || "_-/.".utf8.contains(byte)
  }

  /// Why a list of pairs cannot be read. Quotes nothing, since a value may be a credential.
  package struct Malformed: Error, CustomStringConvertible {
    package let description = "it must be name=value,name=value with percent-encoded values"

    package init() {}
  }

  /// `name=value,name=value`, percent-encoded: the form of W3C Baggage.
  package static func pairs(_ text: String?) throws(Malformed) -> [Attribute] {
    guard let text else { return [] }
    var pairs: [Attribute] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map { trimmed($0) } ?? ""
      guard parts.count == 2, !name.isEmpty, let value = decoded(trimmed(parts[1])) else {
        throw Malformed()
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
    let bytes = Array(text.utf8)
    var plain = ByteBuffer()
    guard PercentCoding.decode(bytes.span.bytesOfElements, plusIsBlank: false, into: &plain),
      // A line break would end a header field early.
      plain.bytes.firstControl(from: 0) == plain.count
    else { return nil }
    return plain.bytes.text
  }
}

extension TracingSettings.Reading {
  package mutating func warn(_ variable: String, _ text: String) {
    warnings.append("environment variable \(variable): \(text)")
  }

  /// Takes a number, if it is one in `range`.
  fileprivate mutating func take(
    _ variable: (name: String, value: String), _ range: ClosedRange<Int>, _ target: inout Int
  ) {
    guard let number = Int(variable.value), range.contains(number) else {
      warn(
        variable.name,
        "ignored: it must be a number from \(range.lowerBound) to \(range.upperBound); \(target) is used"
      )
      return
    }
    target = number
  }
}
