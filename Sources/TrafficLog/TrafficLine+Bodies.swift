internal import JSONText
package import Memory

/// Bodies in a line, where `traffic.capture` asks for them.
extension TrafficLine {
  /// Bytes of one body in the line, escaped. Twice that, and everything else a line may hold, stay below
  /// ``lineLimit``.
  package static let contentLimit = 80 * 1024
  /// Bytes of a line with both bodies, at most.
  package static let lineLimit = 256 * 1024

  package enum Side: Sendable, CaseIterable { case request, response }

  /// Opens a line anew that ``putEnding(_:hasAttempts:into:)`` has just ended.
  package static func reopen(_ out: inout ByteBuffer) { out.truncate(to: out.count - 2) }

  /// Ends it again.
  package static func close(_ out: inout ByteBuffer) { out.put("}\n") }

  /// Adds a body that is complete, as far as it may be shown; else why it is not.
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

  /// Says why a body is not there.
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
