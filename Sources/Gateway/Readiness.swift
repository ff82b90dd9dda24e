internal import AccessTokens
internal import Admin
internal import CurlTransport
internal import EventLoop
internal import Synchronization

/// Whether the gateway can serve: each app's credential has brought a token, the upstream's name resolves,
/// and it is not shutting down.
final class Readiness: Sendable {
  private struct State {
    /// Apps whose credential has worked.
    var proven: Set<String> = []
    var isDraining = false
  }

  private let probes: [(app: String, slot: TokenSlot)]
  private let store: TokenStore
  private let resolver: NameResolver
  private let state = Mutex(State())

  init(probes: [(app: String, slot: TokenSlot)], store: TokenStore, resolver: NameResolver) {
    self.probes = probes
    self.store = store
    self.resolver = resolver
  }

  func note(_ report: TokenReport) {
    if case .obtained(_, let app, _, _) = report {
      state.withLock { _ = $0.proven.insert(app) }
    }
  }

  func beginDraining() { state.withLock { $0.isDraining = true } }

  var isDraining: Bool { state.withLock { $0.isDraining } }

  var checks: [ReadinessCheck] {
    let (proven, isDraining) = state.withLock { ($0.proven, $0.isDraining) }
    let entries = store.snapshot().entries
    var checks: [ReadinessCheck] = []
    for (app, slot) in probes {
      let failure = entries[slot.index].failure
      let isReady = proven.contains(app) && (failure == nil || entries[slot.index].token != nil)
      let detail =
        isReady ? "has a token" : failure?.detail ?? "the first token is being fetched"
      checks.append(ReadinessCheck(name: "token of app \(app)", isReady: isReady, detail: detail))
    }
    let resolution = resolver.resolution
    checks.append(
      ReadinessCheck(
        name: "upstream name", isReady: !resolution.addresses.isEmpty,
        detail: resolution.addresses.isEmpty
          ? resolution.failure ?? "is being resolved"
          : "\(resolution.addresses.count) address(es)"))
    checks.append(
      ReadinessCheck(
        name: "not draining", isReady: !isDraining,
        detail: isDraining ? "the gateway is shutting down" : "serving"))
    return checks
  }
}

extension TokenReport {
  /// What the operator should read; nil for what goes as it should.
  var line: String? {
    switch self {
    case .obtained(let key, let app, _, let source):
      source == .answer
        ? nil
        : "token of app \(app) for \(key.scopes): the answer's lifetime is unusable; a cautious one is assumed"
    case .failed(let key, let app, let failure):
      "token of app \(app) for \(key.scopes): \(failure.detail)"
    case .switched(let app, let generation):
      "app \(app): SECRET SWITCHED. The secret in use was refused and another one works: it is used from now "
        + "on (secret \(generation)). Put it in apps[].secret and remove nextSecret."
    }
  }
}
