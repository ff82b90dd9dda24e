/// Why there is no token: what the operator must know, and when the next attempt is due.
package struct TokenFailure: Error, Equatable, Sendable {
  /// What went wrong, in as few cases as an operator can act on.
  package enum Reason: Equatable, Sendable {
    /// There was no connection, or it broke: refused, reset, no such host.
    case unreachable
    /// No complete answer arrived in time.
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
    /// 3xx. Redirects are never followed, because the credential would be sent along.
    case redirected(status: Int)
    /// Any other status.
    case unexpectedStatus(Int)
    /// 200 with something that is not a usable token.
    case badAnswer(TokenAnswerDefect)
    /// The token had expired before its answer arrived.
    case expiredOnArrival
    /// The client could not start the request (no memory, or an option that libcurl lacks).
    case clientFault
  }

  package let reason: Reason
  /// One line for operators and problem documents. It names the app and contains no secret and no text of the answer.
  package let detail: String
  /// How long the endpoint asked the gateway to wait (`Retry-After`), in nanoseconds.
  package let retryAfter: Int64?
  /// When the next attempt is due, in monotonic nanoseconds; 0 until the state machine has scheduled it.
  package var retryAt: Int64 = 0
  /// Until when callers wait instead of being refused, in monotonic nanoseconds; 0 if they are refused immediately. Set
  /// when a secret that had worked is refused: it is probably being replaced right now.
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

  /// Whole seconds until the next attempt, at least 1: the value of the gateway's own `Retry-After`.
  package func secondsUntilRetry(at now: Int64) -> Int64 {
    max(1, (retryAt &- now &+ Nanoseconds.second &- 1) / Nanoseconds.second)
  }

  /// Whether the endpoint refused the app's id or secret, so that another secret may help.
  package var isRefusedCredential: Bool {
    if case .refusedCredential = reason { return true }
    return false
  }

  /// Whether retrying soon is pointless because the configuration must be changed first.
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

/// Units of monotonic time in this module.
enum Nanoseconds {
  static let millisecond: Int64 = 1_000_000
  static let second: Int64 = 1_000_000_000
}
