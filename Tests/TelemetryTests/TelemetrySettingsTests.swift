import Memory
import Telemetry
import Testing

@Suite("OpenTelemetry's variables")
struct TelemetrySettingsTests {
  private func read(_ variables: [String: String]) -> TelemetrySettings {
    let reading = TelemetrySettings.read { variables[$0] }
    #expect(reading.warnings.isEmpty)
    return reading.settings
  }

  @Test(
    "Nothing is exported unless an endpoint is named",
    arguments: [
      [:], ["OTEL_SERVICE_NAME": "x"],
      ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"],
      [
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
      ],
    ])
  func off(variables: [String: String]) throws { #expect(read(variables) == TelemetrySettings()) }

  @Test("Each signal can be left out, and be sent to a place of its own")
  func apart() {
    var settings = read([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_LOGS_EXPORTER": "none",
    ])
    #expect(settings.traces != nil && settings.logs == nil)
    settings = read([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none",
    ])
    #expect(settings.traces == nil && settings.logs != nil)
    settings = read(["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c/in"])
    #expect(settings.traces == nil && settings.logs?.url == "http://c/in")
  }

  @Test(
    "The endpoint for everything gets the signal's path, the one for a signal is taken as it is",
    arguments: [
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"], "http://c:4318/v1/"),
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "https://c/otlp/"], "https://c/otlp/v1/"),
      (
        [
          "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/v1/traces",
          "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://t/v1/logs",
          "OTEL_EXPORTER_OTLP_ENDPOINT": "http://d",
        ], "http://t/v1/"
      ),
    ])
  func endpoint(variables: [String: String], url: String) throws {
    let settings = read(variables)
    #expect(settings.traces?.url == url + "traces")
    #expect(settings.logs?.url == url + "logs")
  }

  @Test("Names, sampling and pace are taken over")
  func values() throws {
    let settings = read([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SERVICE_NAME": "gate",
      "OTEL_RESOURCE_ATTRIBUTES": "service.name=other, deployment.environment=a%2Cb",
      "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5",
      "OTEL_EXPORTER_OTLP_TIMEOUT": "2000", "OTEL_BSP_SCHEDULE_DELAY": "100",
      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "7", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
      "OTEL_EXPORTER_OTLP_CERTIFICATE": "/etc/ca.pem", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "3000",
      "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "gzip", "OTEL_BLRP_SCHEDULE_DELAY": "50",
      "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "9",
    ])
    #expect(settings.sampler == TraceSampler(followsParent: true, ratio: 0.5))
    let traces = try #require(settings.traces)
    let logs = try #require(settings.logs)
    for signal in [traces, logs] {
      #expect(signal.service == "gate")
      #expect(signal.attributes == [.init(name: "deployment.environment", value: "a,b")])
      #expect(signal.caFile == "/etc/ca.pem")
    }
    #expect(traces.timeout == 2000 && traces.delay == 100 && traces.batch == 7)
    #expect(logs.timeout == 3000 && logs.delay == 50 && logs.batch == 9)
    #expect(!traces.compresses && logs.compresses)
  }

  @Test("The gateway is the service's instance, unless the variables name another")
  func instance() {
    var settings = ExportSettings(.logs, url: "http://c")
    #expect(
      settings.resource(version: "1", gateway: "gw-1").map(\.name) == [
        "service.name", "service.version", "service.instance.id",
      ])
    #expect(settings.resource(version: "1", gateway: "gw-1").last?.value == "gw-1")
    #expect(settings.resource(version: "1", gateway: "").count == 2)
    settings.attributes = [.init(name: "service.instance.id", value: "other")]
    let resource = settings.resource(version: "1", gateway: "gw-1")
    #expect(resource.count == 3 && resource.last?.value == "other")
  }

  @Test(
    "A collector's address is shown without what may be a credential",
    arguments: [
      ("http://c:4318/v1/logs", "http://c:4318/v1/logs"),
      ("https://user:canary@c/v1/logs?key=canary", "https://c/v1/logs"),
      ("https://c/a@b#canary", "https://c/a@b"), ("https://canary@x@c", "https://c"),
    ])
  func shown(url: String, expected: String) {
    #expect(ExportSettings(.logs, url: url).shownURL == expected)
  }

  private static let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"]

  @Test(
    "What cannot be done is told with the variable's name, and done as if it were not set",
    arguments: [
      ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
      ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "canary"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
      ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"), ("OTEL_TRACES_EXPORTER", "otlp, console"),
      ("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
      ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "-1"), ("OTEL_BSP_SCHEDULE_DELAY", "1e3"),
      ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"), ("OTEL_RESOURCE_ATTRIBUTES", "canary secret"),
      ("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,a=%zz"),
      ("OTEL_RESOURCE_ATTRIBUTES", "a=%0d%0a"), ("OTEL_PROPAGATORS", "b3,jaeger"),
      ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"), ("OTEL_LOGS_EXPORTER", "otlp,console"),
      ("OTEL_BLRP_SCHEDULE_DELAY", "1"), ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "br"),
    ])
  func ignored(name: String, value: String) throws {
    var variables = TelemetrySettingsTests.endpoint
    variables[name] = value
    let reading = TelemetrySettings.read { variables[$0] }
    #expect(reading.settings == read(TelemetrySettingsTests.endpoint))
    #expect(reading.warnings.count == 1)
    let warning = try #require(reading.warnings.first)
    #expect(warning.contains(name) && !warning.contains("canary secret"))
  }

  @Test("A ratio that is none counts as not given, and the sampler stays")
  func samplerArgument() {
    for argument in ["2", "half", "-0.5"] {
      var variables = TelemetrySettingsTests.endpoint
      variables["OTEL_TRACES_SAMPLER"] = "traceidratio"
      variables["OTEL_TRACES_SAMPLER_ARG"] = argument
      let reading = TelemetrySettings.read { variables[$0] }
      #expect(reading.settings.sampler == TraceSampler(followsParent: false, ratio: 1))
      #expect(
        reading.warnings.count == 1 && reading.warnings[0].contains("OTEL_TRACES_SAMPLER_ARG"))
    }
  }

  @Test(
    "Where telemetry cannot go none is exported, and the reason is told once",
    arguments: [
      ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
      ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:4318"), ("OTEL_LOGS_EXPORTER", "console"),
      ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a b"),
      ("OTEL_EXPORTER_OTLP_ENDPOINT", "unix:/run/collector"), ("OTEL_TRACES_EXPORTER", "zipkin"),
      ("OTEL_TRACES_EXPORTER", "console"),
    ])
  func off(name: String, value: String) {
    var variables = TelemetrySettingsTests.endpoint
    variables[name] = value
    let reading = TelemetrySettings.read { variables[$0] }
    let isOfLogs = name.contains("LOGS")
    #expect(reading.warnings.count == 1)
    if !isOfLogs { #expect(reading.settings.traces == nil) }
    if isOfLogs || !name.contains("TRACES") { #expect(reading.settings.logs == nil) }
    #expect(reading.warnings.first?.contains(name) == true)
  }

  @Test("Words are read in any case, and nothing is told where nothing is exported")
  func quiet() {
    var variables = TelemetrySettingsTests.endpoint
    variables["OTEL_TRACES_EXPORTER"] = "OTLP"
    variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "HTTP/JSON"
    variables["OTEL_TRACES_SAMPLER"] = "Always_Off"
    variables["OTEL_PROPAGATORS"] = "baggage, tracecontext"
    variables["OTEL_EXPORTER_OTLP_COMPRESSION"] = "GZIP"
    #expect(read(variables).sampler == TraceSampler(name: "always_off", argument: nil))
    #expect(read(variables).traces?.compresses == true)
    #expect(
      read(["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "x"])
        == TelemetrySettings())
  }

  @Test("A body is what a collector takes")
  func body() {
    var spans = OTLPSpans(
      resource: [
        .init(name: "service.name", value: "a\"b\n"), .init(name: "service.version", value: "1"),
        .init(name: "k", value: "v"),
      ], version: "1")
    let (trace, span, name) = (Array("aa".utf8), Array("bb".utf8), Array("GET".utf8))
    let escaped = Array(#"x\"y"#.utf8)
    for _ in 0..<2 {
      spans.open()
      spans.beginSpan(
        trace: trace.span.bytesOfElements, span: span.span.bytesOfElements, parent: RawSpan(),
        name: name.span.bytesOfElements, kind: .client, start: 5, end: 3)
      spans.attribute("t", text: escaped.span.bytesOfElements)
      spans.attribute("none", text: RawSpan())
      spans.attribute("n", number: 7)
      spans.attribute("d", decimal: Array("0.5".utf8).span.bytesOfElements)
      spans.endSpan(isError: true)
      spans.close()
    }
    #expect(spans.count == 1)
    #expect(
      spans.body.text
        == #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\"b\u000a"}},"#
        + #"{"key":"service.version","value":{"stringValue":"1"}},{"key":"k","value":{"stringValue":"v"}}]},"#
        + #""scopeSpans":[{"scope":{"name":"scorm-gateway","version":"1"},"spans":[{"traceId":"aa","spanId":"bb","#
        + #""name":"GET","kind":3,"startTimeUnixNano":"5","endTimeUnixNano":"5","attributes":["#
        + #"{"key":"t","value":{"stringValue":"x\"y"}},{"key":"n","value":{"intValue":"7"}},"#
        + #"{"key":"d","value":{"doubleValue":0.5}}],"status":{"code":2}}]}]}]}"#)
  }

  @Test("Log records are what a collector takes")
  func logBody() {
    var records = OTLPLogRecords(
      resource: [.init(name: "service.name", value: "s")], version: "1")
    let (trace, name, text) = (Array("aa".utf8), Array("n".utf8), Array(#"x\"y"#.utf8))
    let number = Array("7".utf8)
    for _ in 0..<2 {
      records.open()
      records.beginRecord(time: 5, observed: 3, severity: .warning, text: text.span.bytesOfElements)
      records.openAttribute("p.", name.span.bytesOfElements)
      records.openList(ofAttributes: false)
      for _ in 0..<2 {
        records.separate()
        records.openList(ofAttributes: true)
        for _ in 0..<2 {
          records.openAttribute("", name.span.bytesOfElements)
          records.value(whole: number.span.bytesOfElements)
          records.closeAttribute()
        }
        records.closeList()
      }
      records.closeList()
      records.closeAttribute()
      records.openAttribute("f", RawSpan())
      records.value(flag: true)
      records.closeAttribute()
      records.endRecord(trace: trace.span.bytesOfElements, span: RawSpan())
      records.beginRecord(time: 1, observed: 2, severity: .info, text: RawSpan())
      records.endRecord(trace: RawSpan(), span: RawSpan())
      records.close()
    }
    #expect(records.count == 2)
    let member = #"{"key":"n","value":{"intValue":"7"}}"#
    let members = #"{"kvlistValue":{"values":["# + member + "," + member + "]}}"
    #expect(
      records.body.text
        == #"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"#
        + #""scopeLogs":[{"scope":{"name":"scorm-gateway","version":"1"},"logRecords":["#
        + #"{"timeUnixNano":"5","observedTimeUnixNano":"5","severityNumber":13,"severityText":"WARN","#
        + #""body":{"stringValue":"x\"y"},"attributes":["#
        + #"{"key":"p.n","value":{"arrayValue":{"values":["# + members + "," + members + "]}}},"
        + #"{"key":"f","value":{"boolValue":true}}],"traceId":"aa"},"#
        + #"{"timeUnixNano":"1","observedTimeUnixNano":"2","severityNumber":9,"severityText":"INFO","#
        + #""body":{"stringValue":""},"attributes":[]}]}]}]}"#)
  }

  @Test(
    "What a collector threw away is read from its answer, and nothing from one that is something else",
    arguments: [
      ("{}", 0), ("", 0), ("<html>", 0), (#"{"partialSuccess":{}}"#, 0),
      (#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#, 3),
      (#"{"a":[1],"partialSuccess":{"errorMessage":"no","rejectedSpans":2}}"#, 2),
      (#"{"partialSuccess":{"rejectedSpans":"-2"}}"#, 0),
      (#"{"partialSuccess":{"rejectedSpans":{"rejectedSpans":4}}}"#, 0),
      (#"{"partialSuccess":[7]}"#, 0), (#"{"partialSuccess":{"rejectedSpans":"3"}"#, 0),
    ])
  func partialSuccess(answer: String, rejected: Int) {
    #expect(OTLPAnswer.rejected(in: Array(answer.utf8).span.bytesOfElements) == rejected)
  }
}
