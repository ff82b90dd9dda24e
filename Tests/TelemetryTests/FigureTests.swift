import Histograms
import Memory
import Telemetry
import Testing

@Suite("What loops count")
struct FigureTests {
  private static var labels: FigureLabels {
    var labels = FigureLabels()
    labels.operations = [
      FigureLabels.Operation(name: "GetCourses", method: "GET"),
      FigureLabels.Operation(name: "CreateRegistration", method: "POST"),
    ]
    labels.methods = ["GET", "other"]
    labels.callers = ["crm", "a\"b\\c"]
    labels.apps = ["main"]
    labels.errors = ["draining", "caller-gone"]
    labels.terminations = ["completed", "completed", "gateway/quota"]
    labels.retryReasons = ["closed"]
    return labels
  }

  private func text(_ loops: [LoopFigures]) throws -> [String] {
    var text = PrometheusText()
    try #require(FigureReport(loops)).put(into: &text)
    return text.text.split(separator: "\n").map(String.init)
  }

  private func ended(_ change: (inout LoopFigures.Ended) -> Void) -> LoopFigures.Ended {
    var ended = LoopFigures.Ended()
    ended.operation = 0
    ended.caller = 1
    ended.app = 1
    ended.status = 200
    ended.duration = 2_000_000
    change(&ended)
    return ended
  }

  @Test("An exchange is counted once by operation, by caller and app, and by how it ended")
  func exchange() throws {
    let loop = LoopFigures(labels: FigureTests.labels)
    loop.count(
      ended {
        $0.received = 300
        $0.sent = 5
      })
    let lines = try text([loop])
    for line in [
      "scorm_gateway_requests_total{operation=\"GetCourses\",method=\"GET\",status=\"2xx\"} 1",
      "scorm_gateway_caller_requests_total{caller=\"crm\",app=\"main\",status=\"2xx\"} 1",
      "scorm_gateway_caller_request_body_bytes_total{caller=\"crm\",app=\"main\"} 300",
      "scorm_gateway_operation_response_body_bytes_total{operation=\"GetCourses\",method=\"GET\"} 5",
      "scorm_gateway_terminations_total{termination=\"completed\"} 1",
      "scorm_gateway_request_body_bytes_bucket{le=\"256\"} 0",
      "scorm_gateway_request_body_bytes_bucket{le=\"1024\"} 1",
      "scorm_gateway_request_body_bytes_sum 300",
      "scorm_gateway_request_duration_seconds_bucket{operation=\"GetCourses\",method=\"GET\",le=\"0.001\"} 0",
      "scorm_gateway_request_duration_seconds_bucket{operation=\"GetCourses\",method=\"GET\",le=\"0.0025\"} 1",
      "scorm_gateway_request_duration_seconds_sum{operation=\"GetCourses\",method=\"GET\"} 0.002",
      "scorm_gateway_request_duration_seconds_count{operation=\"GetCourses\",method=\"GET\"} 1",
      "scorm_gateway_token_wait_seconds_count 0",
    ] { #expect(lines.contains(line), "\(line)") }
    #expect(!lines.contains { $0.contains("CreateRegistration") }, "nothing was counted for it")
  }

  @Test("Figures of loops add up")
  func loops() throws {
    let loops = (0..<3).map { _ in LoopFigures(labels: FigureTests.labels) }
    for (index, loop) in loops.enumerated() {
      for _ in 0...index { loop.count(ended { _ in }) }
      loop.set(.exchangesUnderWay, to: index)
    }
    let report = try #require(FigureReport(loops))
    #expect(report.requestsByStatus == [0, 0, 6, 0, 0, 0])
    #expect(report.total(.exchangesUnderWay) == 3)
  }

  @Test(
    "What has no name of its own is counted all the same: no operation, no caller, no app, other errors",
    arguments: [0, 99, 600, 1000])
  func odd(status: Int) throws {
    let loop = LoopFigures(labels: FigureTests.labels)
    loop.count(
      ended {
        $0.operation = nil
        $0.method = 1
        $0.caller = 0
        $0.app = 0
        $0.status = status
        $0.error = "never-heard-of"
        $0.termination = 2
      })
    loop.countAttempt(status: status, duration: 1, retryReason: "unheard-of", at: 5)
    let lines = try text([loop])
    for line in [
      "scorm_gateway_requests_total{operation=\"none\",method=\"other\",status=\"none\"} 1",
      "scorm_gateway_caller_requests_total{caller=\"none\",app=\"none\",status=\"none\"} 1",
      "scorm_gateway_errors_total{type=\"other\"} 1",
      "scorm_gateway_terminations_total{termination=\"gateway/quota\"} 1",
      "scorm_gateway_upstream_retries_total{reason=\"other\"} 1",
    ] { #expect(lines.contains(line), "\(line)") }
  }

  @Test("Every status has its class, every error and reason its name")
  func classes() throws {
    let loop = LoopFigures(labels: FigureTests.labels)
    for status in [101, 204, 304, 499, 599] { loop.count(ended { $0.status = status }) }
    loop.count(ended { $0.error = "caller-gone" })
    loop.countAttempt(status: 503, duration: 3_000_000_000, retryReason: "closed", at: 5)
    let lines = try text([loop])
    for name in ["1xx", "3xx", "4xx", "5xx"] {
      #expect(lines.contains { $0.contains("requests_total{") && $0.hasSuffix("\"\(name)\"} 1") })
    }
    #expect(lines.contains("scorm_gateway_errors_total{type=\"caller-gone\"} 1"))
    #expect(lines.contains("scorm_gateway_upstream_retries_total{reason=\"closed\"} 1"))
    #expect(lines.contains("scorm_gateway_upstream_attempts_total{status=\"5xx\"} 1"))
    #expect(lines.contains("scorm_gateway_upstream_attempt_duration_seconds_sum 3"))
  }

  @Test("A label's value cannot break out of its quotes")
  func escaping() throws {
    let loop = LoopFigures(labels: FigureTests.labels)
    loop.count(ended { $0.caller = 2 })
    let line =
      "scorm_gateway_caller_requests_total{caller=\"a\\\"b\\\\c\",app=\"main\",status=\"2xx\"} 1"
    #expect(try text([loop]).contains(line))
    var text = PrometheusText()
    text.family("x", .counter, "one\ntwo")
    text.sample([("l", "a\nb")], 1)
    #expect(text.text == "# HELP x one\\ntwo\n# TYPE x counter\nx{l=\"a\\nb\"} 1\n")
  }

  @Test(
    "A value belongs to the first bucket whose bound is not below it",
    arguments: [(-1, 0), (0, 0), (256, 0), (257, 1), (1024, 1), (268_435_456, 10), (.max, 11)])
  func buckets(value: Int64, place: Int) { #expect(Buckets.sizes.index(of: value) == place) }

  @Test("The upstream is well while its last call was answered, or there was none")
  func upstream() {
    let loops = (0..<2).map { _ in LoopFigures(labels: FigureTests.labels) }
    #expect(UpstreamTrace(loops).isWell)
    loops[0].countAttempt(status: 0, duration: 1, retryReason: nil, at: 10)
    #expect(!UpstreamTrace(loops).isWell && UpstreamTrace(loops).answeredAt == 0)
    loops[1].countAttempt(status: 500, duration: 1, retryReason: nil, at: 11)
    #expect(UpstreamTrace(loops).isWell && UpstreamTrace(loops).answeredAt == 11)
    loops[1].countAttempt(status: 0, duration: 1, retryReason: nil, at: 12)
    #expect(!UpstreamTrace(loops).isWell && UpstreamTrace(loops).answeredAt == 11)
  }
}
