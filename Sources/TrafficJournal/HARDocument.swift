/// Calls as an HTTP archive, version 1.2, which the network panels of browsers can open.
///
/// The archive has only the header fields that the record contains: `User-Agent`, and `X-Request-Id`, which every
/// answer has. It has the bodies that were captured. Unknown values have the form that the format defines for them:
/// sizes of heads are -1.
package enum HARDocument {
  /// - Parameters:
  ///   - records: in any order. The archive lists the oldest first, and omits records that are not of a request.
  ///   - gateway: the start of URLs: `http://127.0.0.1:8080`.
  ///   - version: the gateway's version.
  package static func text(_ records: [CallRecord], gateway: String, version: String) -> String {
    let sorted = records.filter { ReplayRule.objection($0) == nil }
      .sorted { $0.timestamp < $1.timestamp }
    let left = records.count - sorted.count
    let comment =
      left == 0
      ? "" : ",\"comment\":\"left out: \(left) of bytes that could not be read as a request\""
    let gateway = gateway.hasPrefix("unix:") ? "http://localhost" : gateway
    return "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"scorm-gateway\",\"version\":\""
      + "\(version)\"}\(comment),\"pages\":[],\"entries\":[\n"
      + sorted.map { entry($0, gateway) }.joined(separator: ",\n") + "\n]}}\n"
  }

  private static func entry(_ record: CallRecord, _ gateway: String) -> String {
    let waited = record.queueWait + record.tokenWait
    let working = max(0, record.duration - waited)
    let timings =
      "{\"blocked\":\(milliseconds(waited)),\"dns\":-1,\"connect\":-1,\"ssl\":-1,\"send\":0,"
      + "\"wait\":\(milliseconds(working)),\"receive\":0}"
    return
      "{\"startedDateTime\":\"\(record.timestamp)\",\"time\":\(milliseconds(waited + working)),"
      + "\"request\":\(request(record, gateway)),\"response\":\(response(record)),\"cache\":{},"
      + "\"timings\":\(timings)\(own(record))}"
  }

  private static func request(_ record: CallRecord, _ gateway: String) -> String {
    let fields = record.userAgent.map { field("User-Agent", $0) } ?? ""
    return "{\"method\":\"\(record.method)\",\"url\":\"\(gateway)\(record.target)\","
      + "\(version(record)),\"cookies\":[],\"headers\":[\(fields)],"
      + "\"queryString\":[\(parameters(record))]"
      + (body(record.sentBody, record.sentBodyOmitted).map { ",\"postData\":{\($0)}" } ?? "")
      + ",\"headersSize\":-1,\"bodySize\":\(record.sent)}"
  }

  private static func field(_ name: String, _ value: String) -> String {
    "{\"name\":\"\(name)\",\"value\":\"\(value)\"}"
  }

  private static func version(_ record: CallRecord) -> String {
    "\"httpVersion\":\"HTTP/\(record.protocolVersion ?? "1.1")\""
  }

  /// The members for a body that was captured, or should have been; nil for others.
  private static func body(_ content: String?, _ omitted: String?) -> String? {
    // Only JSON is captured, whatever its `Content-Type` says.
    if let content { return "\"mimeType\":\"application/json\",\"text\":\"\(content)\"" }
    return omitted.map {
      "\"mimeType\":\"\",\"text\":\"\",\"comment\":\"not recorded: \($0)\""
    }
  }

  private static func parameters(_ record: CallRecord) -> String {
    guard let query = record.query else { return "" }
    return query.split(separator: "&").map { part in
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return field(String(pair[0]), pair.count == 2 ? String(pair[1]) : "")
    }.joined(separator: ",")
  }

  private static func response(_ record: CallRecord) -> String {
    let fields = record.status == 0 ? "" : field("X-Request-Id", record.requestID)
    let content = body(record.receivedBody, record.receivedBodyOmitted) ?? "\"mimeType\":\"\""
    return "{\"status\":\(record.status),\"statusText\":\"\",\(version(record)),\"cookies\":[],"
      + "\"headers\":[\(fields)],\"content\":{\"size\":\(record.received),\(content)},"
      + "\"redirectURL\":\"\",\"headersSize\":-1,\"bodySize\":\(record.received)}"
  }

  /// Our own members. The format reserves names with an underscore for applications.
  private static func own(_ record: CallRecord) -> String {
    [
      ("_requestId", record.requestID), ("_caller", record.caller), ("_app", record.app),
      ("_operation", record.operation), ("_termination", record.termination),
      ("_error", record.error),
    ].compactMap { name, value in value.map { ",\"\(name)\":\"\($0)\"" } }.joined()
  }

  /// Nanoseconds as milliseconds with three decimal places.
  private static func milliseconds(_ nanoseconds: Int64) -> String {
    let microseconds = nanoseconds / 1000
    let digits = String(microseconds % 1000)
    return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }
}
