/// How one kind of telemetry is exported.
package struct ExportSettings: Sendable, Equatable {
  package var signal: ExportSignal
  /// The URL that bodies are posted to: `http://collector:4318/v1/traces`.
  package var url: String
  /// `service.name`.
  package var service = "scorm-gateway"
  /// Further attributes of the resource.
  package var attributes: [Attribute] = []
  /// Timeout of one request, in milliseconds.
  package var timeout = 10_000
  /// How long a finished call may wait for others, in milliseconds.
  package var delay: Int
  /// Maximum number of calls in one request.
  package var batch = 512
  /// Whether bodies are compressed with gzip.
  package var compresses = false
  /// PEM file of the certificate authorities to trust instead of the system's.
  package var caFile: String?

  package init(_ signal: ExportSignal, url: String) {
    self.signal = signal
    self.url = url
    delay = signal.delay
  }

  package struct Attribute: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The collector's URL for the operator, without a user, which may include a password, and without a query.
  package var shownURL: String {
    guard let start = url.firstRange(of: "://")?.upperBound else { return "its address" }
    let rest = url[start...].prefix { $0 != "?" && $0 != "#" }
    let authority = rest.prefix { $0 != "/" }
    let host = authority.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
    return String(url[..<start] + host)
  }

  /// The attributes of the resource: the service, its version, and `gateway` as the instance unless the variables name
  /// one.
  package func resource(version: String, gateway: String) -> [Attribute] {
    var resource = [
      Attribute(name: "service.name", value: service),
      Attribute(name: "service.version", value: version),
    ]
    let instance = "service.instance.id"
    if !gateway.isEmpty, !attributes.contains(where: { $0.name == instance }) {
      resource.append(Attribute(name: instance, value: gateway))
    }
    return resource + attributes
  }

  /// The settings of `signal`; nil if it is not exported.
  static func read(
    _ signal: ExportSignal, _ value: (String) -> String?,
    _ reading: inout TelemetrySettings.Reading
  ) -> ExportSettings? {
    let general = "OTEL_EXPORTER_OTLP_ENDPOINT"
    let own = "OTEL_EXPORTER_OTLP_\(signal.word)_ENDPOINT"
    let endpoint: (name: String, url: String)
    if let whole = value(own) {
      endpoint = (own, whole)
    } else if let base = value(general) {
      endpoint = (general, base + (base.hasSuffix("/") ? "" : "/") + signal.path)
    } else {
      return nil
    }
    guard isWanted(signal, value("OTEL_\(signal.word)_EXPORTER"), &reading) else { return nil }
    let scheme = endpoint.url.lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://"),
      endpoint.url.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      reading.warn(
        endpoint.name,
        "nothing is exported there: it must be an http:// or https:// URL, for example http://127.0.0.1:4318"
      )
      return nil
    }
    var settings = ExportSettings(signal, url: endpoint.url)
    settings.readResource(value, &reading)
    settings.readExporter(value, &reading)
    return settings
  }

  /// Whether the list of exporters contains the only one that is supported.
  private static func isWanted(
    _ signal: ExportSignal, _ list: String?, _ reading: inout TelemetrySettings.Reading
  ) -> Bool {
    guard let list else { return true }
    let names = VariableText.words(list)
    for name in names where name != "otlp" && name != "none" {
      reading.warn(
        "OTEL_\(signal.word)_EXPORTER", "\(VariableText.shown(name)) is not supported; otlp is")
    }
    return names.contains("otlp")
  }

  private mutating func readResource(
    _ value: (String) -> String?, _ reading: inout TelemetrySettings.Reading
  ) {
    let name = "OTEL_RESOURCE_ATTRIBUTES"
    // One error discards all of it (Resource SDK, "Specifying resource information via an environment variable").
    let pairs: [Attribute]
    do { pairs = try VariableText.pairs(value(name)) } catch {
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

  private mutating func readExporter(
    _ value: (String) -> String?, _ reading: inout TelemetrySettings.Reading
  ) {
    /// The variable for this signal, or else the general one.
    func own(_ name: String) -> (name: String, value: String)? {
      for prefix in ["OTEL_EXPORTER_OTLP_\(signal.word)_", "OTEL_EXPORTER_OTLP_"] {
        if let value = value(prefix + name) { return (prefix + name, value) }
      }
      return nil
    }
    if let wanted = own("PROTOCOL"), wanted.value.lowercased() != "http/json" {
      reading.warn(
        wanted.name,
        "\(VariableText.shown(wanted.value)) is not supported; http/json is spoken, which every "
          + "collector takes on its HTTP port, 4318")
    }
    if let wanted = own("COMPRESSION") {
      switch wanted.value.lowercased() {
      case "gzip": compresses = true
      case "none": break
      default:
        reading.warn(
          wanted.name, "\(VariableText.shown(wanted.value)) is not supported; gzip and none are")
      }
    }
    for name in ["CLIENT_CERTIFICATE", "CLIENT_KEY"] {
      if let wanted = own(name) {
        reading.warn(wanted.name, "not supported; no certificate is shown")
      }
    }
    if let wanted = own("TIMEOUT") { reading.take(wanted, 1...600_000, &timeout) }
    for (name, range, path) in [
      ("SCHEDULE_DELAY", 10...600_000, \ExportSettings.delay),
      ("MAX_EXPORT_BATCH_SIZE", 1...10_000, \ExportSettings.batch),
    ] {
      let name = signal.batches + name
      if let text = value(name) { reading.take((name, text), range, &self[keyPath: path]) }
    }
    caFile = own("CERTIFICATE")?.value
  }
}

extension TelemetrySettings.Reading {
  /// Takes a number if it is in `range`.
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
