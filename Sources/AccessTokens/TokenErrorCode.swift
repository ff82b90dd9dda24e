internal import JSONText
internal import Memory

/// The error codes of a token endpoint that decide what to do next (RFC 6749 section 5.2).
package enum TokenErrorCode: Equatable, Sendable {
  /// `invalid_client` or `unauthorized_client`.
  case invalidClient
  /// `invalid_scope`.
  case invalidScope

  /// Reads the code in an error answer's `error` member; nil if it is none of these, or if the body is not JSON. SCORM
  /// Cloud's own errors have prose there, or a `message`.
  package init?(_ body: RawSpan) {
    var name = ByteBuffer()
    var text = ByteBuffer()
    var code: TokenErrorCode?
    do throws(JSONDefect) {
      var cursor = JSONCursor(body.withoutByteOrderMark(), depthLimit: TokenAnswer.maximumDepth)
      try cursor.beginObject()
      while try cursor.nextMember(name: &name) {
        let value = try cursor.value()
        guard name.bytes.equals("error"), value.kind == .string else {
          try cursor.skip(value)
          continue
        }
        cursor.readSecret(at: value.range, into: &text)
        if text.bytes.equals("invalid_client") || text.bytes.equals("unauthorized_client") {
          code = .invalidClient
        } else if text.bytes.equals("invalid_scope") {
          code = .invalidScope
        }
      }
    } catch {
      return nil
    }
    guard let code else { return nil }
    self = code
  }
}
