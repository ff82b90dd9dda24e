package import HTTPMessages
internal import Memory
package import SCORMCloudAPI

/// Why the gateway answers itself instead of passing on an upstream's answer.
///
/// The set is closed. A kind is `error.type` in the traffic log, the end of the problem's `type` and, through
/// ``proxyErrorType``, the error in `Proxy-Status`.
package enum GatewayErrorKind: UInt8, CaseIterable, Sendable {
  // Caused by the caller.
  case malformedRequest, path, hostRefused, browserRefused, callerUnknown, callerFrozen, appFrozen
  case policyRefused, confirmationNeeded
  case operationUnknown, methodNotAllowed, sensitiveRefused, appUnknown, pagesNotAList
  case requestTimeout, quotaExceeded
  // Tokens.
  case tokenUnavailable, tokenTimeout, credentialRefused, upstreamRefusedCredential
  // Reaching the upstream.
  case nameResolution, nameResolutionTimeout, connectionRefused, connectionTimeout
  case certificateRefused, tlsFailed, connectionLimit, connectionTerminated
  // The upstream's answer.
  case responseMalformed, responseTimeout, responseIncomplete
  // A page of a list.
  case pagesMalformed, pagesRepeat, pagesBound, pagesFailed
  // The gateway itself.
  case draining, memoryLow, loopDetected, internalError

  /// The last part of the problem's `type`, and `error.type` in the log.
  package var name: StaticString {
    switch self {
    case .malformedRequest: "malformed-request"
    case .path: "path-not-canonical"
    case .hostRefused: "host-refused"
    case .browserRefused: "browser-refused"
    case .callerUnknown: "caller-unknown"
    case .callerFrozen: "caller-frozen"
    case .appFrozen: "app-frozen"
    case .policyRefused: "policy-refused"
    case .confirmationNeeded: "confirmation-needed"
    case .operationUnknown: "operation-unknown"
    case .methodNotAllowed: "method-not-allowed"
    case .sensitiveRefused: "sensitive-operation-refused"
    case .appUnknown: "app-unknown"
    case .pagesNotAList: "pages-not-a-list"
    case .requestTimeout: "request-timeout"
    case .quotaExceeded: "quota-exceeded"
    case .tokenUnavailable: "token-unavailable"
    case .tokenTimeout: "token-timeout"
    case .credentialRefused: "credential-refused"
    case .upstreamRefusedCredential: "upstream-refused-credential"
    case .nameResolution: "name-resolution-failed"
    case .nameResolutionTimeout: "name-resolution-timeout"
    case .connectionRefused: "connection-refused"
    case .connectionTimeout: "connection-timeout"
    case .certificateRefused: "certificate-refused"
    case .tlsFailed: "tls-failed"
    case .connectionLimit: "connection-limit"
    case .connectionTerminated: "connection-terminated"
    case .responseMalformed: "response-malformed"
    case .responseTimeout: "response-timeout"
    case .responseIncomplete: "response-incomplete"
    case .pagesMalformed: "pages-malformed"
    case .pagesRepeat: "pages-repeat"
    case .pagesBound: "pages-bound"
    case .pagesFailed: "pages-failed"
    case .draining: "draining"
    case .memoryLow: "memory-low"
    case .loopDetected: "loop-detected"
    case .internalError: "internal-error"
    }
  }

  /// A short summary that is the same for every occurrence: RFC 9457 section 3.1.3.
  package var title: StaticString {
    switch self {
    case .malformedRequest: "The request is malformed"
    case .path: "The path is not canonical"
    case .hostRefused: "The Host is not one of the gateway's"
    case .browserRefused: "Web pages may not call the gateway"
    case .callerUnknown: "The caller is not known"
    case .callerFrozen: "The caller is paused"
    case .appFrozen: "The app is paused"
    case .policyRefused: "The caller may not do this"
    case .confirmationNeeded: "The number of records must be confirmed"
    case .operationUnknown: "No such operation"
    case .methodNotAllowed: "The path does not support this method"
    case .sensitiveRefused: "The operation's answer is a secret"
    case .appUnknown: "No such app"
    case .pagesNotAList: "The operation does not return pages"
    case .requestTimeout: "The request took too long to arrive"
    case .quotaExceeded: "A limit on calls is exceeded"
    case .tokenUnavailable: "There is no access token at the moment"
    case .tokenTimeout: "Waiting for an access token took too long"
    case .credentialRefused: "The token endpoint refuses the gateway's credential"
    case .upstreamRefusedCredential: "SCORM Cloud refuses the gateway's credential"
    case .nameResolution: "The upstream's name cannot be resolved"
    case .nameResolutionTimeout: "Resolving the upstream's name took too long"
    case .connectionRefused: "The upstream cannot be reached"
    case .connectionTimeout: "Connecting to the upstream took too long"
    case .certificateRefused: "The upstream's certificate is not accepted"
    case .tlsFailed: "The upstream's TLS handshake failed"
    case .connectionLimit: "All upstream connections are in use"
    case .connectionTerminated: "The upstream closed without an answer"
    case .responseMalformed: "The upstream's answer is malformed"
    case .responseTimeout: "The upstream took too long to answer"
    case .responseIncomplete: "The upstream's answer is incomplete"
    case .pagesMalformed: "A page of the list is malformed"
    case .pagesRepeat: "The list leads back to a page that was read"
    case .pagesBound: "The list is larger than one call may read"
    case .pagesFailed: "A page of the list was refused"
    case .draining: "The gateway is shutting down"
    case .memoryLow: "The gateway is short of memory"
    case .loopDetected: "The request has passed this gateway before"
    case .internalError: "The gateway failed"
    }
  }

  /// The status code, unless the error gives another one.
  package var status: Int {
    switch self {
    case .malformedRequest, .path, .pagesNotAList: 400
    case .hostRefused, .browserRefused, .callerUnknown, .policyRefused, .confirmationNeeded,
      .sensitiveRefused:
      403
    case .operationUnknown, .appUnknown: 404
    case .methodNotAllowed: 405
    case .requestTimeout: 408
    case .quotaExceeded: 429
    case .callerFrozen, .appFrozen, .tokenUnavailable, .tokenTimeout, .connectionLimit, .draining,
      .memoryLow:
      503
    case .nameResolution, .connectionRefused, .certificateRefused, .tlsFailed,
      .connectionTerminated, .responseMalformed, .responseIncomplete, .loopDetected,
      .credentialRefused, .upstreamRefusedCredential, .pagesMalformed, .pagesRepeat, .pagesBound,
      .pagesFailed:
      502
    case .nameResolutionTimeout, .connectionTimeout, .responseTimeout: 504
    case .internalError: 500
    }
  }

  /// The closest error type of RFC 9209 section 2.3.
  package var proxyErrorType: StaticString {
    switch self {
    case .malformedRequest, .path, .requestTimeout: "http_request_error"
    case .hostRefused, .browserRefused, .callerUnknown, .callerFrozen, .appFrozen, .policyRefused,
      .confirmationNeeded, .operationUnknown, .methodNotAllowed, .sensitiveRefused, .appUnknown,
      .pagesNotAList:
      "http_request_denied"
    case .tokenUnavailable, .tokenTimeout, .draining: "destination_unavailable"
    case .quotaExceeded, .memoryLow: "proxy_internal_response"
    case .credentialRefused, .upstreamRefusedCredential: "proxy_configuration_error"
    case .nameResolution: "dns_error"
    case .nameResolutionTimeout: "dns_timeout"
    case .connectionRefused: "connection_refused"
    case .connectionTimeout: "connection_timeout"
    case .certificateRefused: "tls_certificate_error"
    case .tlsFailed: "tls_protocol_error"
    case .connectionLimit: "connection_limit_reached"
    case .connectionTerminated: "connection_terminated"
    case .responseMalformed, .pagesMalformed, .pagesRepeat: "http_protocol_error"
    case .pagesBound: "http_response_body_size"
    case .pagesFailed: "proxy_internal_response"
    case .responseTimeout: "http_response_timeout"
    case .responseIncomplete: "http_response_incomplete"
    case .loopDetected: "proxy_loop_detected"
    case .internalError: "proxy_internal_error"
    }
  }

  /// Whether the same request may succeed later unchanged.
  package var isRetriable: Bool {
    switch self {
    case .malformedRequest, .path, .hostRefused, .browserRefused, .callerUnknown, .policyRefused,
      .confirmationNeeded, .operationUnknown, .methodNotAllowed, .sensitiveRefused, .appUnknown,
      .pagesNotAList,
      .pagesBound, .certificateRefused, .loopDetected, .credentialRefused,
      .upstreamRefusedCredential:
      false
    case .requestTimeout, .quotaExceeded, .callerFrozen, .appFrozen, .tokenUnavailable,
      .tokenTimeout,
      .nameResolution,
      .nameResolutionTimeout, .connectionRefused, .connectionTimeout, .tlsFailed,
      .connectionLimit, .connectionTerminated, .responseMalformed, .responseTimeout,
      .responseIncomplete, .pagesMalformed, .pagesRepeat, .pagesFailed, .draining, .memoryLow,
      .internalError:
      true
    }
  }
}

/// One refusal or failure, with what the caller needs to act on it.
package struct GatewayError: Error, Sendable {
  package let kind: GatewayErrorKind
  package let status: Int
  /// What happened and what to do next. Never contains a secret, a token or text from the upstream.
  package let detail: String
  /// The `error` of Proxy-Status, if it is more exact than the kind's.
  package let proxyErrorType: StaticString
  /// Seconds for Retry-After, at least 1; nil for none. Only kinds that are ``GatewayErrorKind/isRetriable`` have it:
  /// clients obey the field whatever the body says, and would wait for something that waiting does not fix.
  package let retryAfter: Int?
  /// The limits that refused the call, for the `violated-policies` member of a 429
  /// (draft-ietf-httpapi-ratelimit-headers).
  package var violatedPolicies: [String] = []
  /// Methods for the Allow field of a 405.
  package var allow: MethodSet?
  /// Whether the caller's connection must end because its framing can no longer be trusted.
  package var closesConnection = false

  package init(
    _ kind: GatewayErrorKind, _ detail: String, retryAfter: Int? = nil, allow: MethodSet? = nil,
    proxyErrorType: StaticString? = nil
  ) {
    self.kind = kind
    self.status = kind.status
    self.detail = detail
    self.proxyErrorType = proxyErrorType ?? kind.proxyErrorType
    // Contract: every 503 says when to try again.
    self.retryAfter = kind.isRetriable ? retryAfter ?? (kind.status == 503 ? 1 : nil) : nil
    self.allow = allow
  }

  /// The error for a request whose bytes are refused.
  package init(_ fault: RequestFault) {
    kind = .malformedRequest
    status = fault.status
    detail = fault.detail.description
    proxyErrorType = kind.proxyErrorType
    retryAfter = nil
    closesConnection = true
  }

  /// The error for an upstream's answer that is not passed on.
  package init(_ fault: ResponseFault) {
    kind = .responseMalformed
    status = kind.status
    detail = fault.detail.description
    proxyErrorType = fault.errorType
    retryAfter = nil
  }
}
