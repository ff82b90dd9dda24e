package import Memory

/// The gateway's own errors as `application/problem+json`: RFC 9457.
///
/// `message` repeats `detail`, because SCORM Cloud's clients print that field.
package enum ProblemBody {
  /// Appends the document. `requestID` holds safe characters only.
  package static func put(
    _ error: GatewayError, requestID: RawSpan, into out: inout ByteBuffer
  ) {
    out.put("{\"type\":\"urn:scorm-gateway:problem:")
    out.put(error.kind.name)
    out.put("\",\"title\":\"")
    out.put(error.kind.title)
    out.put("\",\"status\":")
    out.put(decimal: error.status)
    out.put(",\"detail\":\"")
    putEscaped(error.detail, into: &out)
    out.put("\",\"instance\":\"")
    out.put(requestID)
    out.put("\",\"retriable\":")
    out.put(error.kind.isRetriable ? "true" : "false")
    if !error.violatedPolicies.isEmpty {
      out.put(",\"violated-policies\":[")
      for (index, name) in error.violatedPolicies.enumerated() {
        out.put(index == 0 ? "\"" : ",\"")
        putEscaped(name, into: &out)
        out.put(UInt8(ascii: "\""))
      }
      out.put(UInt8(ascii: "]"))
    }
    out.put(",\"message\":\"")
    putEscaped(error.detail, into: &out)
    out.put("\"}\n")
  }

  /// RFC 8259 section 7. The detail may quote what the caller sent, which is visible ASCII.
  private static func putEscaped(_ text: String, into out: inout ByteBuffer) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        out.put(UInt8(ascii: "\\"))
        out.put(byte)
      case 0..<0x20, 0x7F:
        out.put("\\u00")
        out.put(hexadecimal: UInt64(byte), width: 2)
      default: out.put(byte)
      }
    }
  }
}
