import Memory
import Telemetry
import Testing

@Suite("OpenTelemetry's variables")
struct TracingSettingsTests {
  private func read(_ variables: [String: String]) -> TracingSettings? {
    let reading = TracingSettings.read { variables[$0] }
    #expect(reading.warnings.isEmpty)
    return reading.settings
  }

  @Test(
    "Nothing is exported unless an endpoint is named",
    arguments: [
      [:], ["OTEL_SERVICE_NAME": "x"],
      ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"],
      ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"],
    ])
  func off(variables: [String: String]) throws { #expect(read(variables) == nil) }

  @Test(
    "The endpoint for everything gets the path of traces, the one for traces is taken as it is",
    arguments: [
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"], "http://c:4318/v1/traces"),
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "https://c/otlp/"], "https://c/otlp/v1/traces"),
      (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/in"], "http://c/in"),
      (
        [
          "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/in",
          "OTEL_EXPORTER_OTLP_ENDPOINT": "http://d",
        ], "http://c/in"
      ),
    ])
  func endpoint(variables: [String: String], url: String) throws {
    #expect(read(variables)?.url == url)
  }

  @Test("Names, sampling and pace are taken over")
  func values() throws {
    let settings = try #require(
      read([
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SERVICE_NAME": "gate",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=other, deployment.environment=a%2Cb",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2000", "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "7", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/etc/ca.pem",
      ]))
    #expect(settings.service == "gate")
    #expect(settings.attributes == [.init(name: "deployment.environment", value: "a,b")])
    #expect(settings.sampler == TraceSampler(followsParent: true, ratio: 0.5))
    #expect(settings.timeout == 2000 && settings.delay == 100 && settings.batch == 7)
    #expect(settings.caFile == "/etc/ca.pem")
  }

  private static let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"]

  @Test(
    "What cannot be done is told with the variable's name, and done as if it were not set",
    arguments: [
      ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
      ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "canary"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
      ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"), ("OTEL_TRACES_EXPORTER", "otlp, console"),
      ("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
      ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "-1"), ("OTEL_BSP_SCHEDULE_DELAY", "1e3"),
      ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"), ("OTEL_RESOURCE_ATTRIBUTES", "canary secret"),
      ("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,a=%zz"),
      ("OTEL_RESOURCE_ATTRIBUTES", "a=%0d%0a"), ("OTEL_PROPAGATORS", "b3,jaeger"),
    ])
  func ignored(name: String, value: String) throws {
    var variables = TracingSettingsTests.endpoint
    variables[name] = value
    let reading = TracingSettings.read { variables[$0] }
    #expect(reading.settings == TracingSettings(url: "http://c:4318/v1/traces"))
    #expect(reading.warnings.count == 1)
    let warning = try #require(reading.warnings.first)
    #expect(warning.contains(name) && !warning.contains("canary secret"))
  }

  @Test("A ratio that is none counts as not given, and the sampler stays")
  func samplerArgument() {
    for argument in ["2", "half", "-0.5"] {
      var variables = TracingSettingsTests.endpoint
      variables["OTEL_TRACES_SAMPLER"] = "traceidratio"
      variables["OTEL_TRACES_SAMPLER_ARG"] = argument
      let reading = TracingSettings.read { variables[$0] }
      #expect(reading.settings?.sampler == TraceSampler(followsParent: false, ratio: 1))
      #expect(
        reading.warnings.count == 1 && reading.warnings[0].contains("OTEL_TRACES_SAMPLER_ARG"))
    }
  }

  @Test(
    "Where spans cannot go none are exported, and the reason is told",
    arguments: [
      ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
      ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a b"),
      ("OTEL_EXPORTER_OTLP_ENDPOINT", "unix:/run/collector"), ("OTEL_TRACES_EXPORTER", "zipkin"),
      ("OTEL_TRACES_EXPORTER", "console"),
    ])
  func off(name: String, value: String) {
    var variables = TracingSettingsTests.endpoint
    variables[name] = value
    let reading = TracingSettings.read { variables[$0] }
    #expect(reading.settings == nil && reading.warnings.count == 1)
    #expect(reading.warnings.first?.contains(name) == true)
  }

  @Test("Words are read in any case, and nothing is told where nothing is exported")
  func quiet() {
    var variables = TracingSettingsTests.endpoint
    variables["OTEL_TRACES_EXPORTER"] = "OTLP"
    variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "HTTP/JSON"
    variables["OTEL_TRACES_SAMPLER"] = "Always_Off"
    variables["OTEL_PROPAGATORS"] = "baggage, tracecontext"
    #expect(read(variables)?.sampler == TraceSampler(name: "always_off", argument: nil))
    #expect(read(["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "x"]) == nil)
  }

  @Test("A body is what a collector takes")
  func body() {
    var spans = OTLPSpans(service: "a\"b\n", version: "1", attributes: [(name: "k", value: "v")])
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
}
