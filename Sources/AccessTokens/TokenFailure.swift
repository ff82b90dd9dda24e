/// Why there is no token: what the operator must know, and when the next try is due.
package struct TokenFailure: Error, Equatable, Sendable {
  /// What went wrong, as few cases as an operator can act on.
  package enum Reason: Equatable, Sendable {
    /// No connection, or it broke: refused, reset, no such host.
    case unreachable
    /// No complete answer in time.
    case timedOut
    /// The TLS handshake or the certificate check failed.
    case tls
    /// 401, 403, or 400 `invalid_client`/`unauthorized_client`: the id or the secret is wrong.
    case refusedCredential(status: Int)
    /// 400 `invalid_scope`: the credential may not have this scope.
    case refusedScope(status: Int)
    /// 400 for another reason.
    case refusedRequest(status: Int)
    /// 429.
    case rateLimited
    /// 408 or 5xx.
    case serverError(status: Int)
    /// 3xx. Redirects are never followed: the credential would go along.
    case redirected(status: Int)
    /// Any other status.
    case unexpectedStatus(Int)
    /// 200 with something that is no usable token.
    case badAnswer(TokenAnswerDefect)
    /// The token had expired before its answer arrived.
    case expiredOnArrival
    /// The client itself could not start the request (no memory, an option libcurl lacks).
    case clientFault
  }

  package let reason: Reason
  /// One line for operators and problem documents: names the app, holds no secret and no answer text.
  package let detail: String
  /// How long the endpoint asked us to wait (`Retry-After`), in nanoseconds.
  package let retryAfter: Int64?
  /// Monotonic nanoseconds of the next try; 0 until the state machine has scheduled it.
  package var retryAt: Int64 = 0
  /// Monotonic nanoseconds until which callers wait instead of being refused; 0: they are refused at once.
  /// Set when a secret that worked is refused: it is probably being replaced at this moment.
  package var heldUntil: Int64 = 0

  /// Longest ``detail``, in bytes.
  package static let maximumDetailBytes = 512

  package init(_ reason: Reason, detail: String, retryAfter: Int64? = nil) {
    self.reason = reason
    self.detail =
      detail.utf8.count <= Self.maximumDetailBytes
      ? detail : String(decoding: detail.utf8.prefix(Self.maximumDetailBytes), as: UTF8.self)
    self.retryAfter = retryAfter
  }

  /// Whole seconds until the next try, at least 1: the value of our own `Retry-After`.
  package func secondsUntilRetry(at now: Int64) -> Int64 {
    max(1, (retryAt &- now &+ Nanoseconds.second &- 1) / Nanoseconds.second)
  }

  /// Whether the endpoint refused the app's id or secret, so that another secret may help.
  package var isRefusedCredential: Bool {
    if case .refusedCredential = reason { return true }
    return false
  }

  /// Whether trying again soon is pointless: somebody has to change the configuration first.
  package var needsOperator: Bool {
    switch reason {
    case .refusedCredential, .refusedScope, .refusedRequest: true
    default: false
    }
  }
}

extension TokenFailure.Reason {
  /// A fixed word for metrics and log fields; one of 13.
  package var label: String {
    switch self {
    case .unreachable: "unreachable"
    case .timedOut: "timed_out"
    case .tls: "tls"
    case .refusedCredential: "refused_credential"
    case .refusedScope: "refused_scope"
    case .refusedRequest: "refused_request"
    case .rateLimited: "rate_limited"
    case .serverError: "server_error"
    case .redirected: "redirected"
    case .unexpectedStatus: "unexpected_status"
    case .badAnswer: "bad_answer"
    case .expiredOnArrival: "expired_on_arrival"
    case .clientFault: "client_fault"
    }
  }
}

/// Units of the monotonic time this module counts in.
enum Nanoseconds {
  static let millisecond: Int64 = 1_000_000
  static let second: Int64 = 1_000_000_000
}
