internal import JSONText
package import Memory

/// Bodies in a line, if `traffic.capture` requests them.
extension TrafficLine {
  /// Largest escaped body in a line, in bytes. Two of them, with everything else a line may contain, stay below
  /// ``lineLimit``.
  package static let contentLimit = 80 * 1024
  /// Largest line with both bodies, in bytes.
  package static let lineLimit = 256 * 1024

  package enum Side: Sendable, CaseIterable { case request, response }

  /// Reopens a line that ``putEnding(_:hasAttempts:into:)`` has just ended.
  package static func reopen(_ out: inout ByteBuffer) { out.truncate(to: out.count - 2) }

  /// Ends a reopened line again.
  package static func close(_ out: inout ByteBuffer) { out.put("}\n") }

  /// Adds a complete body, with hidden values replaced, or the reason why it may not be shown.
  package static func putBody(
    _ side: Side, _ body: RawSpan, _ redaction: BodyRedaction, into out: inout ByteBuffer
  ) {
    var redacted = ByteBuffer(capacity: body.byteCount)
    if let omission = redaction.put(body, into: &redacted) {
      putOmission(side, omission, into: &out)
      return
    }
    let start = out.count
    out.put(
      side == .request
        ? ",\"http.request.body.content\":\"" : ",\"http.response.body.content\":\"")
    let contentStart = out.count
    out.put(escapingForJSON: redacted.bytes)
    guard out.count - contentStart <= contentLimit else {
      out.truncate(to: start)
      putOmission(side, .tooLong, into: &out)
      return
    }
    out.put(UInt8(ascii: "\""))
  }

  /// Adds the reason why a body is missing.
  package static func putOmission(
    _ side: Side, _ omission: BodyOmission, into out: inout ByteBuffer
  ) {
    out.put(
      side == .request
        ? ",\"http.request.body.omitted\":\"" : ",\"http.response.body.omitted\":\"")
    out.put(omission.name)
    out.put(UInt8(ascii: "\""))
  }
}
