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

  /// Nil when libcurl does not start or refuses an option.
  ///
  /// - Parameters:
  ///   - contentType: the bodies' type.
  ///   - headers: further header fields, values without line breaks.
  ///   - timeout: milliseconds for one post.
  ///   - caFile: authorities trusted instead of the system's.
  package init?(
    url: String, contentType: String = "application/json",
    headers fields: [(name: String, value: SecretBytes)], timeout: Int, caFile: String?
  ) {
    self.fields = fields
    self.contentType = contentType
    // Directly: the header fields may be credentials, and no proxy of the environment was meant for them.
    let request = CurlRequest(url: url, schemes: "http,https", timeout: timeout)
    do {
      let proof = try TLSProof.make(for: url, caFile: caFile)
      handle = try CurlEasyHandle.make(for: request, proof: proof)
    } catch { return nil }
  }

  /// Posts `body` and waits for the answer, for the time given at most.
  package func post(_ body: RawSpan) -> Outcome {
    do throws(CurlFault) {
      defer { handle.removeFields() }
      try handle.addField("Content-Type: \(contentType)")
      try handle.addField("Expect:")
      for field in fields {
        try handle.addField("\(field.name): ", field.value, count: field.value.count)
      }
      try handle.setBody(body)
      try handle.perform()
    } catch {
      return .failed(reason: error.text)
    }
    let status = handle.status
    return 200...299 ~= status ? .taken : .refused(status: status)
  }
}
