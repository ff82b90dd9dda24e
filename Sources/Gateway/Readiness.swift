internal import AccessTokens
internal import Admin
internal import EventLoop
internal import Forwarding
internal import GatewayServer
internal import Memory
internal import RateLimiting
internal import Rules
internal import Synchronization
internal import System
internal import Telemetry
internal import TokenFetching
internal import TrafficJournal
internal import TrafficLog

/// Whether the gateway can serve. It is ready once each app's credential has brought a token and the upstream's name
/// was resolved, unless it is shutting down or the file of a Unix socket is missing.
///
/// Later faults are reported and leave it ready: an outage of SCORM Cloud, a token that cannot be renewed, a log that
/// cannot be written. Without the gateway, callers would get a refused connection instead of an answer that explains
/// the fault.
final class Readiness: Sendable {
  private struct State {
    /// Apps whose credential has worked.
    var proven: Set<String> = []
    /// For each app whose credential has not worked yet, why the last fetch failed.
    var firstFailures: [String: String] = [:]
    /// Whether the upstream's name was ever resolved.
    var hasResolved = false
    var isDraining = false
    /// For each app, the slot whose token shows that its credential works.
    var probes: [(app: String, slot: TokenSlot)] = []
    /// The apps at the start. An app that a reload adds does not make the gateway unready for the others.
    var required: Set<String>?
  }

  private let relays: RelayShared
  private let adminFile: UnixSocketFile?
  private let journal: JournalWriter?
  private let state = Mutex(State())

  init(_ relays: RelayShared, adminFile: UnixSocketFile?, journal: JournalWriter?) {
    self.relays = relays
    self.adminFile = adminFile
    self.journal = journal
  }

  /// Checks these credentials from now on.
  func expect(_ probes: [(app: String, slot: TokenSlot)]) {
    state.withLock { state in
      state.probes = probes
      if state.required == nil { state.required = Set(probes.map(\.app)) }
    }
  }

  func note(_ report: TokenReport) {
    state.withLock { state in
      switch report {
      case .obtained(_, let app, _, _), .handedOver(let app), .shared(let app):
        state.proven.insert(app)
        state.firstFailures[app] = nil
      case .failed(_, let app, let failure):
        if !state.proven.contains(app) { state.firstFailures[app] = failure.detail }
      case .switched, .unopened: break
      }
    }
  }

  func beginDraining() { state.withLock { $0.isDraining = true } }

  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// Whether requests can be served.
  var isReady: Bool { !isDraining && checks.allSatisfy { $0.isReady || !$0.isRequired } }

  var checks: [ReadinessCheck] {
    var checks = tokenChecks
    checks.append(nameCheck)
    checks.append(upstreamCheck)
    checks.append(pauseCheck)
    let files = relays.current.listeners.compactMap { $0?.file } + [adminFile].compactMap { $0 }
    checks += files.map(socketCheck)
    if let log = relays.current.log { checks.append(logCheck(log.health)) }
    if let journal { checks.append(journalCheck(journal.statistics)) }
    if let memory = memoryCheck { checks.append(memory) }
    let isDraining = isDraining
    checks.append(
      ReadinessCheck(
        name: "not draining", isReady: !isDraining,
        detail: isDraining ? "the gateway is shutting down" : "serving"))
    return checks
  }

  private var tokenChecks: [ReadinessCheck] {
    let (proven, firstFailures, probes, required) = state.withLock {
      ($0.proven, $0.firstFailures, $0.probes, $0.required ?? [])
    }
    let entries = relays.tokenStore.snapshot().entries
    return probes.map { app, slot in
      let failure = entries[slot.index].failure
      let isProven = proven.contains(app)
      let isReady = isProven && (failure == nil || entries[slot.index].token != nil)
      return ReadinessCheck(
        name: "token of app \(app)", isReady: isReady,
        isRequired: !isProven && required.contains(app),
        detail: isReady
          ? "has a token"
          // A failed fetch is tried again, and the store then no longer has the failure.
          : failure?.detail ?? firstFailures[app] ?? "the first token is being fetched")
    }
  }

  private var nameCheck: ReadinessCheck {
    let resolution = relays.current.resolver.resolution
    let isResolved = !resolution.addresses.isEmpty
    let hasResolved = state.withLock { state in
      if isResolved { state.hasResolved = true }
      return state.hasResolved
    }
    return ReadinessCheck(
      name: "upstream name", isReady: isResolved, isRequired: !hasResolved,
      detail: isResolved
        ? "\(resolution.addresses.count == 1 ? "1 address" : "\(resolution.addresses.count) addresses")"
        : resolution.failure ?? "is being resolved")
  }

  /// The result of the last request to the upstream, on any loop.
  private var upstreamCheck: ReadinessCheck {
    let last = UpstreamTrace(relays.figures)
    let detail: String
    switch (last.isWell, last.answeredAt) {
    case (true, 0): detail = "not called yet"
    case (true, _): detail = "answers"
    case (false, 0):
      detail = "has not answered yet; the last call failed: see error.type in the log"
    case (false, let time):
      let seconds = max(0, (relays.clock.monotonic - time) / 1_000_000_000)
      detail = "the last call failed; the last answer came \(seconds) s ago"
    }
    return ReadinessCheck(name: "upstream", isReady: last.isWell, isRequired: false, detail: detail)
  }

  /// The apps whose calls wait because SCORM Cloud asked for it.
  private var pauseCheck: ReadinessCheck {
    let generation = relays.current
    let pauses = relays.limiter.figures(at: relays.clock.monotonic).pauses.filter {
      $0.remaining > 0 && generation.isAppInForce($0.app)
    }
    let texts = pauses.map { pause in
      let service = pause.service.map { _ in " (\(RulesCompiler.pausedName(pause.service)))" } ?? ""
      let seconds = (pause.remaining + 999_999_999) / 1_000_000_000
      return "\(generation.rules.apps[pause.app].name)\(service) for \(seconds) s"
    }
    return ReadinessCheck(
      name: "pauses", isReady: texts.isEmpty, isRequired: false,
      detail: texts.isEmpty
        ? "none"
        : texts.joined(separator: ", ")
          + ": SCORM Cloud asked to wait; scorm-gateway limits resume ends it")
  }

  /// The check that a Unix socket's file is still in place. If another process or a person removed it, callers can no
  /// longer reach the socket, and only a restart makes a new one.
  private func socketCheck(_ socket: UnixSocketFile) -> ReadinessCheck {
    let isInPlace = socket.isInPlace
    return ReadinessCheck(
      name: "socket \(socket.path)", isReady: isInPlace,
      detail: isInPlace
        ? "in place"
        : "its file was removed or replaced, so callers cannot reach this gateway; restart it")
  }

  /// The check of the memory for bodies; nil without a limit. It is not required: refused callers are told when to try
  /// again, and calls in progress continue.
  private var memoryCheck: ReadinessCheck? {
    let memory = relays.current.settings.memory
    guard let state = memory.state else { return nil }
    let isReady = memory.level == .ample
    return ReadinessCheck(
      name: "memory", isReady: isReady, isRequired: false,
      detail: "\(state.used >> 20) of \(state.limit >> 20) MiB are in use (\(state.name))"
        + (isReady ? "" : "; new requests are refused"))
  }

  private func journalCheck(_ statistics: JournalStatistics) -> ReadinessCheck {
    let lost = statistics.dropped == 0 ? "" : "; \(statistics.dropped) records are lost so far"
    return ReadinessCheck(
      name: "traffic journal", isReady: statistics.isWell, isRequired: false,
      detail: (statistics.isWell
        ? "is written" : "cannot be written: \(statistics.lastError ?? "see standard error")")
        + lost)
  }

  private func logCheck(_ health: LogWriter.Health) -> ReadinessCheck {
    let lost = health.droppedLines == 0 ? "" : "; \(health.droppedLines) lines are lost so far"
    return ReadinessCheck(
      name: "traffic log", isReady: health.failure == nil, isRequired: false,
      detail: (health.failure.map { "cannot be written: \($0)" } ?? "is written") + lost)
  }
}

extension TokenReport {
  /// The message for the operator; nil if there is nothing to report.
  var line: String? {
    switch self {
    case .handedOver, .shared: nil
    case .unopened(let reason):
      "tokens.share: a sealed token in the store cannot be opened and is ignored: \(reason)"
    case .obtained(let key, let app, _, let source):
      source == .answer
        ? nil
        : "token of app \(app) for \(key.scopes): the answer has no usable lifetime; a short one is assumed"
    case .failed(let key, let app, let failure):
      "token of app \(app) for \(key.scopes): \(failure.detail)"
    case .switched(let app, let generation):
      "app \(app): SECRET SWITCHED. The secret in use was refused and another one works: it is used from now "
        + "on (secret \(generation)). Put it in apps[].secret and remove nextSecret."
    }
  }
}
