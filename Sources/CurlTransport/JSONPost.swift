package import Memory

/// Posts JSON, or another type, to one address repeatedly, over a connection that is kept. For one thread, which it
/// blocks.
package final class JSONPost {
  /// What happened to a post.
  package enum Outcome: Sendable, Equatable {
    /// The server accepted it.
    case taken
    /// Refused with this status; with 429, 502, 503 and 504, a later attempt may succeed.
    case refused(status: Int)
    /// There was no answer.
    case failed(reason: String)
  }

  private var handle: CurlEasyHandle
  /// Given to libcurl only for the duration of a post.
  private let fields: [(name: String, value: SecretBytes)]
  private let contentType: String
  private let compresses: Bool
  private var compressed = ByteBuffer()
  /// The most bytes of an answer that are kept.
  private static let answerLimit = 64 * 1024

  /// Nil when libcurl does not start or refuses an option.
  ///
  /// - Parameters:
  ///   - contentType: the content type of the bodies.
  ///   - headers: more header fields; their values must not have line breaks.
  ///   - timeout: milliseconds for one post.
  ///   - caFile: authorities trusted instead of the system's.
  ///   - compresses: bodies are compressed with gzip.
  package init?(
    url: String, contentType: String = "application/json",
    headers fields: [(name: String, value: SecretBytes)], timeout: Int, caFile: String?,
    compresses: Bool = false
  ) {
    self.fields = fields
    self.contentType = contentType
    self.compresses = compresses
    // Without a proxy: the header fields may be credentials, and no proxy of the environment was meant to get them.
    var request = CurlRequest(url: url, schemes: "http,https", timeout: timeout)
    request.answer = .collected(limit: JSONPost.answerLimit)
    do {
      let proof = try TLSProof.make(for: url, caFile: caFile)
      handle = try CurlEasyHandle.make(for: request, proof: proof)
    } catch { return nil }
  }

  /// Posts `body` and waits for the answer, at most for the timeout.
  package func post(_ body: RawSpan) -> Outcome {
    do throws(CurlFault) {
      defer { handle.removeFields() }
      // Anything collected before does not belong to this answer.
      _ = handle.takeAnswer()
      try handle.addField("Content-Type: \(contentType)")
      try handle.addField("Expect:")
      for field in fields {
        try handle.addField("\(field.name): ", field.value, count: field.value.count)
      }
      compressed.removeAll()
      if compresses, Gzip.put(body, into: &compressed) {
        try handle.addField("Content-Encoding: gzip")
        try handle.setBody(compressed.bytes)
      } else {
        try handle.setBody(body)
      }
      try handle.perform()
    } catch  where error.kind == .tooLarge {
      // A long answer is still an answer, but none of it is kept.
      _ = handle.takeAnswer()
    } catch {
      return .failed(reason: error.text)
    }
    let status = handle.status
    return 200...299 ~= status ? .taken : .refused(status: status)
  }

  /// Seconds for which the last answer asked to wait (RFC 9110, section 10.2.3); 0 when it did not ask.
  package var retryAfter: Int64 { handle.retryAfter }

  /// Returns the body of the last answer and gives up its ownership; empty for a body of more than 64 KiB.
  package func takeAnswer() -> ByteBuffer { handle.takeAnswer() }
}
