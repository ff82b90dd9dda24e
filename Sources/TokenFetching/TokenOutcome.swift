internal import AccessTokens
internal import COpenSSL
internal import CurlTransport
internal import Memory

/// Determines the result of a fetch: a token, or a failure that an operator can act on.
struct TokenOutcome {
  let endpoint: TokenEndpoint
  /// The app's name in the configuration.
  let app: String
  let scopes: String
  /// The endpoint's host and port.
  let host: String
  /// The lifetime that was requested, in seconds.
  let lifetime: Int64

  /// Evaluates a transfer that has ended. `fault` says why libcurl has no complete answer; nil if it has one.
  func judge(
    _ transfer: TokenTransfer, _ fault: CurlFault?
  ) -> Result<(AccessToken, TokenAnswer.LifetimeSource), TokenFailure> {
    if let fault {
      return .failure(transportFailure(fault, text: transfer.handle.explanation(of: fault)))
    }
    var answer = transfer.takeAnswer()
    defer { answer.overwriteWithZeros() }
    let status = transfer.handle.status
    guard status == 200 else {
      return .failure(
        refusal(
          status: status, answer: answer.bytes, retryAfter: transfer.handle.retryAfter,
          redirect: transfer.handle.redirect))
    }
    do throws(TokenAnswerDefect) {
      let read = try TokenAnswer(answer.bytes, from: endpoint, requestedLifetime: lifetime)
      let token = AccessToken(
        secret: read.token, fingerprint: Self.fingerprint(of: read.token),
        lifetime: read.lifetime * 1_000_000_000)
      return .success((token, read.lifetimeSource))
    } catch {
      return .failure(bad(error))
    }
  }

  /// The failure if libcurl has no complete answer.
  private func transportFailure(_ fault: CurlFault, text: String) -> TokenFailure {
    let said = Self.printable(text)
    switch fault.kind {
    case .tooLarge: return bad(.tooLarge)
    case .notHTTP: return bad(.notHTTP)
    case .timedOut:
      return TokenFailure(
        .timedOut, detail: "token endpoint \(host) did not answer in time: \(said)")
    case .tls:
      return TokenFailure(
        .tls, detail: "no trusted TLS connection to token endpoint \(host): \(said)")
    case .client:
      return TokenFailure(
        .clientFault, detail: "libcurl could not ask token endpoint \(host): \(said)")
    case .unreachable:
      return TokenFailure(
        .unreachable, detail: "no complete answer from token endpoint \(host): \(said)")
    }
  }

  /// The failure for an answer other than 200. `retryAfter` is in seconds, 0 for none.
  func refusal(
    status: Int, answer: RawSpan, retryAfter: Int64, redirect: String?
  ) -> TokenFailure {
    let code = TokenErrorCode(answer)
    switch status {
    case 401, 403:
      return refusedCredential(status)
    case 400 where code == .invalidClient:
      return refusedCredential(status)
    case 400 where code == .invalidScope:
      return TokenFailure(
        .refusedScope(status: status),
        detail: "token endpoint refused app \(app) the scope \(scopes) (\(status)): "
          + "allow it in SCORM Cloud, or change tokens.scopes")
    case 400:
      return TokenFailure(
        .refusedRequest(status: status),
        detail: "token endpoint refused the request of app \(app) for \(scopes) (\(status)): "
          + "check the app's id and secret, and tokens.url")
    case 429:
      return TokenFailure(
        .rateLimited, detail: "token endpoint limits the rate of app \(app) (429)",
        retryAfter: Self.nanoseconds(retryAfter))
    case 408, 500...599:
      return TokenFailure(
        .serverError(status: status), detail: "token endpoint \(host) failed (\(status))",
        retryAfter: Self.nanoseconds(retryAfter))
    case 300...399:
      // Only the host: the rest of a redirect may contain what must not be logged.
      let target = redirect.map { " to " + Self.printable(Self.hostOnly($0)) } ?? ""
      return TokenFailure(
        .redirected(status: status),
        detail: "token endpoint \(host) redirects\(target) (\(status)), which is not followed: "
          + "check tokens.url")
    default:
      return TokenFailure(
        .unexpectedStatus(status),
        detail: "token endpoint \(host) answered \(status): check tokens.url")
    }
  }

  private func refusedCredential(_ status: Int) -> TokenFailure {
    TokenFailure(
      .refusedCredential(status: status),
      detail: "token endpoint refused the credential of app \(app) (\(status)): "
        + "check its id and secret")
  }

  private func bad(_ defect: TokenAnswerDefect) -> TokenFailure {
    TokenFailure(
      .badAnswer(defect),
      detail: "token endpoint \(host) gave no usable token: \(defect.explanation)")
  }

  private static func hostOnly(_ url: String) -> String {
    let authority = HTTPAddress.authority(of: url)
    return authority.lastIndex(of: "@").map { String(authority[$0...].dropFirst()) } ?? authority
  }

  /// Converts the seconds of a `Retry-After`, which are bounded before the multiplication; nil for none.
  static func nanoseconds(_ seconds: Int64) -> Int64? {
    seconds > 0 ? min(seconds, 86_400) * 1_000_000_000 : nil
  }

  /// At most 200 characters of printable ASCII: text from outside may contain anything.
  static func printable(_ text: String) -> String {
    String(
      decoding: text.utf8.prefix(200).map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") },
      as: UTF8.self)
  }

  /// The first four bytes of the SHA-256, which identify a token without revealing it; 0 if OpenSSL fails.
  static func fingerprint(of secret: SecretBytes) -> UInt32 {
    var digest = [UInt8](repeating: 0, count: 32)
    let bytes = secret.bytes
    // Proof: `digest` has room for the 32 bytes written, and both are lent for the call only.
    let done = unsafe bytes.withUnsafeBytes { source in
      unsafe co_sha256(source.baseAddress, source.count, &digest)
    }
    return done == 1 ? digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } : 0
  }
}
