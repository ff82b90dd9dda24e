package import Memory

/// Posts JSON, or another type, to one address again and again, over a connection that is kept. For one thread, which blocks.
package final class JSONPost {
  /// What became of a post.
  package enum Outcome: Sendable, Equatable {
    /// Taken.
    case taken
    /// Refused with this status; 429, 502, 503 and 504 may be better later.
    case refused(status: Int)
    /// Nothing came back.
    case failed(reason: String)
  }

  private var handle: CurlEasyHandle
  /// Given to libcurl for the time of a post only.
  private let fields: [(name: String, value: SecretBytes)]
  private let contentType: String
  private let compresses: Bool
  private var compressed = ByteBuffer()
  /// Bytes of an answer that are kept.
  private static let answerLimit = 64 * 1024

  /// Nil when libcurl does not start or refuses an option.
  ///
  /// - Parameters:
  ///   - contentType: the bodies' type.
  ///   - headers: further header fields, values without line breaks.
  ///   - timeout: milliseconds for one post.
  ///   - caFile: authorities trusted instead of the system's.
  ///   - compresses: bodies go with gzip.
  package init?(
    url: String, contentType: String = "application/json",
    headers fields: [(name: String, value: SecretBytes)], timeout: Int, caFile: String?,
    compresses: Bool = false
  ) {
    self.fields = fields
    self.contentType = contentType
    self.compresses = compresses
    // Directly: the header fields may be credentials, and no proxy of the environment was meant for them.
    var request = CurlRequest(url: url, schemes: "http,https", timeout: timeout)
    request.answer = .collected(limit: JSONPost.answerLimit)
    do {
      let proof = try TLSProof.make(for: url, caFile: caFile)
      handle = try CurlEasyHandle.make(for: request, proof: proof)
    } catch { return nil }
  }

  /// Posts `body` and waits for the answer, for the time given at most.
  package func post(_ body: RawSpan) -> Outcome {
    do throws(CurlFault) {
      defer { handle.removeFields() }
      // What came before is not this answer's.
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
      // A long answer is an answer; nothing of it is kept.
      _ = handle.takeAnswer()
    } catch {
      return .failed(reason: error.text)
    }
    let status = handle.status
    return 200...299 ~= status ? .taken : .refused(status: status)
  }

  /// Seconds that the last answer asked to wait (RFC 9110, section 10.2.3); 0 when it did not.
  package var retryAfter: Int64 { handle.retryAfter }

  /// Gives away the body of the last answer; empty for one of more than 64 KiB.
  package func takeAnswer() -> ByteBuffer { handle.takeAnswer() }
}
