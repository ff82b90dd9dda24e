/// What is requested from an HTTP server, and how long and how much we read.
///
/// What applies to every request is not here but in ``CurlEasyHandle``: no redirects, no proxy from the environment, no
/// `.netrc`, TLS 1.2 or newer to a peer that proves its name.
package struct CurlRequest: Sendable {
  package enum Method: Sendable, Equatable {
    case get, head, post
    /// Another method, without a body.
    case other(String)

    init(_ name: String) {
      switch name {
      case "GET": self = .get
      case "HEAD": self = .head
      case "POST": self = .post
      default: self = .other(name)
      }
    }
  }

  /// What happens to the answer's body.
  package enum Answer: Sendable {
    /// It is ignored.
    case ignored
    /// It is collected, up to this many bytes.
    case collected(limit: Int)
    /// It is collected, up to this many bytes, in memory that never moves and is overwritten when the handle goes.
    case secret(limit: Int)
  }

  package var url: String
  /// The allowed schemes, separated by commas: `https`.
  package var schemes: String
  package var method = Method.post
  /// A Unix socket to connect to instead of the URL's host.
  package var socketPath: String?
  /// URL of an HTTP CONNECT proxy; nil uses none, whatever the environment says.
  package var proxy: String?
  /// Path of the client certificate (PEM) for TLS; nil for none.
  package var certificate: String?
  /// Path of its key (PEM).
  package var key: String?
  package var userAgent = "scorm-gateway"
  /// Milliseconds within which the connection, including TLS, must be established; nil leaves that to ``timeout``.
  package var connectTimeout: Int?
  /// Milliseconds for the whole request.
  package var timeout: Int
  /// Whether a user name in the URL is an error instead of a credential.
  package var refusesUserInURL = false
  /// Whether `..` in the URL's path is sent unchanged, instead of being resolved.
  package var keepsDotSegments = false
  package var answer = Answer.ignored
  /// Whether only the connection is made, including TLS and a proxy's tunnel, and nothing is sent over it.
  package var connectsOnly = false

  package init(url: String, schemes: String, timeout: Int) {
    self.url = url
    self.schemes = schemes
    self.timeout = timeout
  }
}
