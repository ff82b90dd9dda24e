/// What is asked of an HTTP server, and how long and how much we listen.
///
/// What holds for every request is not here but in ``CurlEasyHandle``: no redirect, no proxy of the environment, no
/// `.netrc`, TLS 1.2 or newer to a peer that proves itself.
package struct CurlRequest: Sendable {
  package enum Method: Sendable, Equatable {
    case get, head, post
    /// Another method, which has no body.
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

  /// What becomes of the answer's body.
  package enum Answer: Sendable {
    /// It does not matter.
    case ignored
    /// Collected, up to so many bytes.
    case collected(limit: Int)
    /// Collected, up to so many bytes, in memory that never moves and is overwritten when the handle goes.
    case secret(limit: Int)
  }

  package var url: String
  /// The schemes that may be spoken, with commas between them: `https`.
  package var schemes: String
  package var method = Method.post
  /// A Unix socket to connect to in place of the URL's host.
  package var socketPath: String?
  /// URL of an HTTP CONNECT proxy. Without it there is none, whatever the environment says.
  package var proxy: String?
  /// Path of the client certificate (PEM) that is shown over TLS; nil for none.
  package var certificate: String?
  /// Path of its key (PEM).
  package var key: String?
  package var userAgent = "scorm-gateway"
  /// Milliseconds until the connection, TLS included, must stand; nil leaves it to ``timeout``.
  package var connectTimeout: Int?
  /// Milliseconds for everything.
  package var timeout: Int
  /// Whether a user name in the URL is an error instead of a credential.
  package var refusesUserInURL = false
  /// Whether `..` in the URL's path is sent as it stands, instead of leading up.
  package var keepsDotSegments = false
  package var answer = Answer.ignored
  /// Whether only the connection is made, TLS and a proxy's tunnel included, and nothing is sent over it.
  package var connectsOnly = false

  package init(url: String, schemes: String, timeout: Int) {
    self.url = url
    self.schemes = schemes
    self.timeout = timeout
  }
}
