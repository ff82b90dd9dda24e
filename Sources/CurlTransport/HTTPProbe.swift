internal import Memory

/// One plain request, for commands that talk to a running gateway. Blocks its thread.
package enum HTTPProbe {
  /// What came back.
  package struct Answer: Sendable {
    package let status: Int
    package let body: String
  }

  /// Nothing came back.
  package struct Unreachable: Error, CustomStringConvertible {
    /// What was asked; empty when nothing could be.
    package let url: String
    package let reason: String
    package var description: String { url.isEmpty ? reason : "\(url): \(reason)" }

    package init(url: String = "", reason: String) {
      self.url = url
      self.reason = reason
    }
  }

  /// Bytes of an answer that are read.
  private static let bodyLimit = 1024 * 1024

  /// Asks for `url`, which is plain HTTP to this machine, directly: no proxy, no redirect, no credential.
  ///
  /// - Parameters:
  ///   - method: another method than GET; no body is sent.
  ///   - socketPath: a Unix socket to connect to in place of the URL's host.
  ///   - timeout: milliseconds for everything.
  package static func ask(
    _ url: String, method: String = "GET", socketPath: String? = nil, timeout: Int = 5_000
  ) throws(Unreachable) -> Answer {
    var request = CurlRequest(url: url, schemes: "http", timeout: timeout)
    request.method = CurlRequest.Method(method)
    request.socketPath = socketPath
    request.keepsDotSegments = true
    request.answer = .collected(limit: bodyLimit)
    do {
      var handle = try CurlEasyHandle.make(for: request, proof: nil)
      try handle.perform()
      return Answer(status: handle.status, body: handle.takeAnswer().bytes.text)
    } catch {
      throw Unreachable(
        url: error == .notStarted ? "" : url,
        reason: error.kind == .tooLarge ? "the answer is too long" : error.text)
    }
  }
}
