internal import Memory
internal import TrafficLog

/// One call as its line tells it: for tables, HAR and commands.
///
/// Texts that came from outside are kept as they stand in the line, as the inside of a JSON string: these hold
/// no control bytes, so they can go to a terminal and into other JSON. ``plain(_:)`` is what they stand for.
package struct CallRecord: Sendable {
  package var timestamp = ""
  package var requestID = ""
  package var address = ""
  package var method = ""
  package var path = ""
  package var query: String?
  package var userAgent: String?
  package var caller: String?
  package var app: String?
  package var operation: String?
  package var scope: String?
  package var credential: String?
  package var status = 0
  /// Bytes of the bodies: the caller's, and the answer's.
  package var sent: Int64 = 0
  package var received: Int64 = 0
  /// Nanoseconds.
  package var duration: Int64 = 0
  package var queueWait: Int64 = 0
  package var tokenWait: Int64 = 0
  package var termination = ""
  package var error: String?
  /// The attempts at the upstream, JSON as it is.
  package var attempts: String?
  /// The whole line.
  package let line: String

  /// Reads `line`, without its line feed; nil when it is no line of the traffic log: a torn last one.
  package init?(line bytes: [UInt8]) {
    let span = bytes.span.bytesOfElements
    guard LineFields(span) != nil else { return nil }
    line = String(decoding: bytes, as: UTF8.self)
    var scanner = JSONScanner(bytes: span)
    while let key = scanner.nextMember()?.text {
      guard let bounds = scanner.valueBounds() else { return nil }
      take(key, span.slice(bounds.lowerBound, bounds.upperBound))
    }
  }

  private mutating func take(_ key: String, _ value: RawSpan) {
    switch key {
    case "timestamp": timestamp = CallRecord.text(value)
    case "request_id": requestID = CallRecord.text(value)
    case "client.address": address = CallRecord.text(value)
    case "http.request.method": method = CallRecord.text(value)
    case "url.path": path = CallRecord.text(value)
    case "url.query": query = CallRecord.text(value)
    case "user_agent.original": userAgent = CallRecord.text(value)
    case "caller": caller = CallRecord.text(value)
    case "app": app = CallRecord.text(value)
    case "operation": operation = CallRecord.text(value)
    case "scope": scope = CallRecord.text(value)
    case "credential": credential = CallRecord.text(value)
    case "termination": termination = CallRecord.text(value)
    case "error.type": error = CallRecord.text(value)
    case "upstream": attempts = value.text
    case "http.response.status_code": status = Int(CallRecord.count(value))
    case "http.request.body.size": sent = CallRecord.count(value)
    case "http.response.body.size": received = CallRecord.count(value)
    case "duration": duration = CallRecord.time(value)
    case "queue_wait": queueWait = CallRecord.time(value)
    case "token_wait": tokenWait = CallRecord.time(value)
    default: break
    }
  }

  private static func text(_ value: RawSpan) -> String {
    var scanner = JSONScanner(bytes: value)
    return scanner.string()?.text ?? ""
  }

  private static func count(_ value: RawSpan) -> Int64 {
    var scanner = JSONScanner(bytes: value)
    return scanner.integer() ?? 0
  }

  private static func time(_ value: RawSpan) -> Int64 {
    var scanner = JSONScanner(bytes: value)
    return scanner.seconds() ?? 0
  }

  /// What the inside of a JSON string stands for.
  package static func plain(_ inside: String) -> [UInt8] {
    JSONText.plain(inside.utf8.span.bytesOfElements)
  }

  /// Path and query as a request target, with everything escaped that may not stand there.
  package var target: String {
    PercentCoding.target(CallRecord.plain(path))
      + (query.map { "?" + PercentCoding.target(CallRecord.plain($0)) } ?? "")
  }

  /// A part of its query or path is masked, so the call cannot be repeated as it was.
  package var hasMaskedValues: Bool {
    query?.contains("***") ?? false || path.contains(";***")
  }

  /// Path or query were longer than what is kept.
  package var isCut: Bool { path.hasSuffix("…") || query?.hasSuffix("…") ?? false }
}
