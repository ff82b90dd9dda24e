package import Memory

/// One GET, with or without a token, for commands that check a server. Redirects are not followed. Blocks its thread.
package struct AuthorizedGet: Sendable {
  package let status: Int
  /// The answer's `Date`.
  package let date: String?

  /// There was no answer.
  package struct NoAnswer: Error, Sendable {
    package let isTimeout: Bool
    /// libcurl's text.
    package let text: String
  }

  /// The most bytes of an answer that are read. None are kept.
  private static let bodyLimit = 64 * 1024

  /// Requests `url`.
  ///
  /// - Parameters:
  ///   - token: sent as a Bearer token (RFC 6750 section 2.1); nil for none.
  ///   - timeout: milliseconds for the whole request.
  package init(
    _ url: String, token: SecretBytes?, proxy: String?, caFile: String?, timeout: Int
  ) throws(NoAnswer) {
    var request = CurlRequest(url: url, schemes: "https,http", timeout: timeout)
    request.method = .get
    request.refusesUserInURL = true
    request.proxy = proxy
    request.answer = .secret(limit: AuthorizedGet.bodyLimit)
    let proof: TLSProof?
    do { proof = try TLSProof.make(for: url, caFile: caFile) } catch {
      throw NoAnswer(isTimeout: false, text: error.description)
    }
    do throws(CurlFault) {
      var handle = try CurlEasyHandle.make(for: request, proof: proof)
      if let token { try handle.addField("Authorization: Bearer ", token, count: token.count) }
      try handle.addField("Accept: application/json")
      try handle.perform()
      status = handle.status
      date = handle.field("Date")
    } catch {
      throw NoAnswer(isTimeout: error.kind == .timedOut, text: error.text)
    }
  }
}
