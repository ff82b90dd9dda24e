internal import Memory

/// One plain request, for commands that talk to a running gateway. Blocks its thread.
package enum HTTPProbe {
  /// The answer to a probe.
  package struct Answer: Sendable {
    package let status: Int
    package let body: String
  }

  /// There was no answer.
  package struct Unreachable: Error, CustomStringConvertible {
    /// The requested URL; empty when no request could be made.
    package let url: String
    package let reason: String
    package var description: String { url.isEmpty ? reason : "\(url): \(reason)" }

    package init(url: String = "", reason: String) {
      self.url = url
      self.reason = reason
    }
  }

  /// What a server with TLS is trusted by, and what it is shown: paths of PEM files.
  package struct TLSFiles: Sendable {
    /// The trusted authorities; nil for the system's.
    package var authorities: String?
    package var certificate: String?
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
      self.authorities = authorities
      self.certificate = certificate
      self.key = key
    }
  }

  /// The most bytes of an answer that are read.
  private static let bodyLimit = 1024 * 1024

  /// Requests `url` directly: no proxy, no redirect, no credential except a certificate.
  ///
  /// - Parameters:
  ///   - method: the request's method; no body is sent.
  ///   - socketPath: a Unix socket to connect to instead of the URL's host.
  ///   - tls: for a URL with `https`.
  ///   - timeout: milliseconds for the whole request.
  package static func ask(
    _ url: String, method: String = "GET", socketPath: String? = nil, tls: TLSFiles = TLSFiles(),
    timeout: Int = 5_000
  ) throws(Unreachable) -> Answer {
    var request = CurlRequest(url: url, schemes: "http,https", timeout: timeout)
    request.certificate = tls.certificate
    request.key = tls.key
    request.method = CurlRequest.Method(method)
    request.socketPath = socketPath
    request.keepsDotSegments = true
    request.answer = .collected(limit: bodyLimit)
    let proof: TLSProof?
    do { proof = try TLSProof.make(for: url, caFile: tls.authorities) } catch {
      throw Unreachable(url: url, reason: error.description)
    }
    do {
      var handle = try CurlEasyHandle.make(for: request, proof: proof)
      try handle.perform()
      return Answer(status: handle.status, body: handle.takeAnswer().bytes.text)
    } catch {
      throw Unreachable(
        url: error == .notStarted ? "" : url,
        reason: error.kind == .tooLarge ? "the answer is too long" : error.text)
    }
  }
}
