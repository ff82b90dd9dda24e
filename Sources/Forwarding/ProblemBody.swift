internal import JSONText
package import Memory

/// The gateway's own errors as `application/problem+json` (RFC 9457).
///
/// `message` repeats `detail`, because SCORM Cloud's clients print that field.
package enum ProblemBody {
  /// Appends the document. `requestID` contains only characters that need no escaping.
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
    out.put(escapingForJSON: error.detail)
    out.put("\",\"instance\":\"")
    out.put(requestID)
    out.put("\",\"retriable\":")
    out.put(error.kind.isRetriable ? "true" : "false")
    if !error.violatedPolicies.isEmpty {
      out.put(",\"violated-policies\":[")
      for (index, name) in error.violatedPolicies.enumerated() {
        out.put(index == 0 ? "\"" : ",\"")
        out.put(escapingForJSON: name)
        out.put(UInt8(ascii: "\""))
      }
      out.put(UInt8(ascii: "]"))
    }
    out.put(",\"message\":\"")
    out.put(escapingForJSON: error.detail)
    out.put("\"}\n")
  }
}
