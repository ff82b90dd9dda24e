internal import JSONText
internal import Memory
internal import TextCoding
internal import TrafficLog

/// One call as its line describes it, for tables, HAR and commands.
///
/// Texts from outside are kept as in the line, which is the inside of a JSON string. They contain no control bytes, so
/// they can be printed to a terminal and put into other JSON. ``plain(_:)`` decodes them.
package struct CallRecord: Sendable {
  package var timestamp = ""
  package var requestID = ""
  /// Nil in lines from before gateways had names.
  package var gateway: String?
  package var address = ""
  package var method = ""
  package var path = ""
  package var query: String?
  package var userAgent: String?
  /// Such as `1.0`; nil for HTTP/1.1.
  package var protocolVersion: String?
  package var caller: String?
  package var app: String?
  package var operation: String?
  package var scope: String?
  package var credential: String?
  package var status = 0
  /// Bytes of the bodies: sent by the caller, and received in the answer.
  package var sent: Int64 = 0
  package var received: Int64 = 0
  /// Nanoseconds.
  package var duration: Int64 = 0
  package var queueWait: Int64 = 0
  package var tokenWait: Int64 = 0
  package var termination = ""
  package var error: String?
  /// The captured bodies as JSON text; nil if they were not captured. The reason, if they should have been, is in the
  /// two members after.
  package var sentBody: String?
  package var receivedBody: String?
  package var sentBodyOmitted: String?
  package var receivedBodyOmitted: String?
  /// The attempts at the upstream, as their JSON text.
  package var attempts: String?
  /// The whole line.
  package let line: String

  /// Reads `line`, without its line feed. Nil if it is not a line of the traffic log, such as an incomplete last line.
  package init?(line bytes: [UInt8]) {
    let span = bytes.span.bytesOfElements
    guard LineFields(span) != nil else { return nil }
    line = String(decoding: bytes, as: UTF8.self)
    do throws(JSONDefect) {
      var cursor = JSONCursor(span, depthLimit: TrafficLog.LineFields.depthLimit)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let value = try cursor.value()
        try cursor.skip(value)
        let range = value.isContainer ? value.start..<cursor.offset : value.range
        take(cursor.slice(name).text, value.kind, cursor.slice(range))
      }
    } catch { return nil }
  }

  private mutating func take(_ key: String, _ kind: JSONEvent.Kind, _ value: RawSpan) {
    switch kind {
    case .string: take(key, text: value.text)
    case .number: take(key, number: value)
    default: if key == "upstream" { attempts = value.text }
    }
  }

  private mutating func take(_ key: String, text: String) {
    switch key {
    case "timestamp": timestamp = text
    case "request_id": requestID = text
    case "gateway": gateway = text
    case "client.address": address = text
    case "http.request.method": method = text
    case "url.path": path = text
    case "url.query": query = text
    case "user_agent.original": userAgent = text
    case "network.protocol.version": protocolVersion = text
    case "caller": caller = text
    case "app": app = text
    case "operation": operation = text
    case "scope": scope = text
    case "credential": credential = text
    case "termination": termination = text
    case "error.type": error = text
    case "http.request.body.content": sentBody = text
    case "http.request.body.omitted": sentBodyOmitted = text
    case "http.response.body.content": receivedBody = text
    case "http.response.body.omitted": receivedBodyOmitted = text
    default: break
    }
  }

  private mutating func take(_ key: String, number: RawSpan) {
    switch key {
    case "http.response.status_code": status = Int(number.wholeNumber ?? 0)
    case "http.request.body.size": sent = number.wholeNumber ?? 0
    case "http.response.body.size": received = number.wholeNumber ?? 0
    case "duration": duration = number.nanosecondsOfSeconds ?? 0
    case "queue_wait": queueWait = number.nanosecondsOfSeconds ?? 0
    case "token_wait": tokenWait = number.nanosecondsOfSeconds ?? 0
    default: break
    }
  }

  /// The text that the inside of a JSON string encodes.
  package static func plain(_ inside: String) -> [UInt8] {
    JSONString.text(of: inside.utf8.span.bytesOfElements)
  }

  /// Path and query as a request target, with all bytes escaped that are not allowed there.
  package var target: String {
    CallRecord.escaped(CallRecord.plain(path))
      + (query.map { "?" + CallRecord.escaped(CallRecord.plain($0)) } ?? "")
  }

  /// `%` stays, because what was sent escaped is logged escaped.
  private static func escaped(_ text: [UInt8]) -> String {
    PercentCoding.escaped(text) { byte in
      byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}#".utf8.contains(byte)
    }
  }

  /// Whether a part of its query or path is masked. The call cannot be repeated exactly then.
  package var hasMaskedValues: Bool {
    query?.contains("***") ?? false || path.contains(";***")
  }

  /// Whether path or query were longer than the log keeps.
  package var isCut: Bool { path.hasSuffix("…") || query?.hasSuffix("…") ?? false }
}
