internal import AccessTokens
internal import Configuration
internal import CurlTransport
internal import Forwarding
internal import Gateway
internal import Memory
internal import Rules
internal import SCORMCloudAPI
internal import System
internal import TokenFetching

/// Checks of tokens, and the call that shows whether they work.
extension Doctor {
  /// An app's token for a ping.
  struct PingToken: Sendable {
    let app: String
    let secret: SecretBytes
  }

  /// Fetches a token for each app. If that succeeds, also one for each scope that the app's callers need.
  func fetchTokens(
    _ settings: Settings, _ service: TokenServiceSettings
  ) -> (findings: [Finding], tokens: [PingToken]) {
    let needs: [AppNeeds]
    do { needs = try AppNeeds.all(settings) } catch {
      return ([.skipped(.tokens, "the configuration cannot be compiled: \(error)")], [])
    }
    let wallClock = clock.wall / 1_000_000_000
    let first = SideBySide.map(needs) { need in fetchFirst(need, service, wallClock) }
    var further: [Further] = []
    // Ping needs only the first token.
    for (need, first) in zip(needs, first) where wants(.tokens) {
      guard let secret = first.secret else { continue }
      further += need.scopes.dropFirst().map { Further(need: need, secret: secret, scope: $0) }
    }
    let answers = SideBySide.map(further) { one in
      timed { fetch(one.need, one.secret, one.scope, service, wallClock) }
    }
    var findings: [Finding] = []
    for (need, first) in zip(needs, first) {
      findings += first.findings
      guard first.secret != nil else { continue }
      var granted = first.token == nil ? 0 : 1
      for (one, failed) in zip(further, answers) where one.need.app == need.app {
        findings += failed
        if failed.isEmpty { granted += 1 }
      }
      guard granted > 0 else { continue }
      let count = need.scopes.count
      var finding = Finding.ok(
        .tokens,
        granted == count
          ? "app \(need.name): \(count == 1 ? "a token" : "tokens for all \(count) sets of scopes")"
          : "app \(need.name): tokens for \(granted) of \(count) sets of scopes")
      finding.milliseconds = first.milliseconds
      findings.append(finding)
    }
    let tokens = zip(needs, first).compactMap { need, first in
      need.isManagement ? nil : first.token.map { PingToken(app: need.name, secret: $0) }
    }
    return (findings, tokens)
  }

  /// A token other than an app's first.
  private struct Further: Sendable {
    let need: AppNeeds
    let secret: SecretBytes
    let scope: ScopeNeed
  }

  private struct First: Sendable {
    var findings: [Finding] = []
    /// The accepted secret; nil if none is, so that further requests are useless.
    var secret: SecretBytes?
    var token: SecretBytes?
    var milliseconds: Int64 = 0
  }

  /// Fetches an app's first token with its secret, or with the next secret if that one is refused.
  private func fetchFirst(
    _ need: AppNeeds, _ service: TokenServiceSettings, _ wallClock: Int64
  ) -> First {
    guard let scope = need.scopes.first else { return First() }
    let start = SystemClock.monotonic
    var first = First()
    let app = service.apps[need.app]
    switch TokenProbe.fetch(app: need.app, scopes: scope.text, service, wallClock: wallClock) {
    case .success(let token): (first.secret, first.token) = (app.secret, token.secret)
    case .failure(let failure):
      if failure.isRefusedCredential, let next = app.nextSecret,
        case .success(let token) = TokenProbe.fetch(
          app: need.app, secret: next, scopes: scope.text, service, wallClock: wallClock)
      {
        (first.secret, first.token) = (next, token.secret)
        first.findings = [
          .warning(
            .tokens, .nextSecretInUse,
            "app \(need.name): its secret is refused, and its nextSecret is accepted")
        ]
      } else {
        first.findings = [finding(failure, scope, need)]
        // A refused scope means that the secret was accepted.
        if case .refusedScope = failure.reason { first.secret = app.secret }
      }
    }
    first.milliseconds = (SystemClock.monotonic - start) / 1_000_000
    for place in first.findings.indices { first.findings[place].milliseconds = first.milliseconds }
    return first
  }

  /// Fetches a token. Returns its problems; none if there is a token.
  private func fetch(
    _ need: AppNeeds, _ secret: SecretBytes, _ scope: ScopeNeed, _ service: TokenServiceSettings,
    _ wallClock: Int64
  ) -> [Finding] {
    switch TokenProbe.fetch(
      app: need.app, secret: secret, scopes: scope.text, service, wallClock: wallClock)
    {
    case .success: []
    case .failure(let failure): [finding(failure, scope, need)]
    }
  }

  private func finding(
    _ failure: TokenFailure, _ scope: ScopeNeed, _ need: AppNeeds
  ) -> Finding {
    switch failure.reason {
    case .refusedCredential: .failure(.tokens, .secretRefused, failure.detail)
    case .refusedScope:
      scope.isCertain
        ? .failure(.tokens, .scopeRefused, failure.detail)
        : .warning(.tokens, .scopeRefused, failure.detail)
    case .unreachable, .timedOut, .tls, .clientFault:
      .failure(.tokens, .tokenEndpointSilent, "app \(need.name): \(failure.detail)")
    case .refusedRequest, .rateLimited, .serverError, .redirected, .unexpectedStatus, .badAnswer,
      .expiredOnArrival:
      .failure(.tokens, .tokenEndpointStrange, "app \(need.name): \(failure.detail)")
    }
  }

  // MARK: Ping

  /// Sends a read that changes nothing, for each ordinary app that has a token.
  func ping(_ target: Target, _ tokens: [PingToken]) -> [Finding] {
    guard !tokens.isEmpty else { return [.skipped(.ping, "there is no token")] }
    return SideBySide.map(tokens) { token in timed { [ping(target, token)] } }.flatMap { $0 }
  }

  private func ping(_ target: Target, _ token: PingToken) -> Finding {
    let path = OperationTable.named(AppNeeds.ping)?.template.description ?? "/ping"
    do {
      let answer = try AuthorizedGet(
        target.url + path, token: token.secret, proxy: target.proxy, caFile: target.caFile,
        timeout: timeout)
      let text = "app \(token.app): GET \(path) was answered with \(answer.status)"
      switch answer.status {
      case 200..<300: return .ok(.ping, text)
      case 401, 403: return .failure(.ping, .pingRefused, text)
      default: return .failure(.ping, .pingStrange, text)
      }
    } catch {
      return .failure(.ping, .pingSilent, "app \(token.app): no answer: \(error.text)")
    }
  }
}
