package import Configuration
internal import EventLoop
internal import Rules
internal import System
internal import TokenFetching

/// Finds what would stop a start although the configuration is valid. There is only this one list: `check` reports it,
/// a start goes through it before it starts anything, and a reload warns of it.
///
/// It leaves out what another process may change at any moment: a port in use, a full disk.
package struct StartChecks {
  /// Sorted by their place in the file.
  package private(set) var problems: [Problem] = []
  /// Problems that do not stop a start.
  package private(set) var warnings: [Problem] = []

  private let loaded: LoadedSettings
  /// Listeners whose sockets are already open.
  private let inherited: Set<SocketSeats.Seat>

  /// - Parameter inherited: listeners whose sockets the process was started with.
  package init(_ loaded: LoadedSettings, inherited: Set<SocketSeats.Seat> = []) {
    self.loaded = loaded
    self.inherited = inherited
    checkAddresses()
    checkFiles()
    checkTrust()
    checkTLS()
    problems.sort { $0.stands(before: $1) }
  }

  private mutating func stop(_ keyPath: String, _ message: String, hint: String = "") {
    problems.append(loaded.problem(keyPath, message, hint: hint))
  }

  private mutating func checkAddresses() {
    for (index, listener) in loaded.settings.listeners.enumerated()
    where !inherited.contains(.listener(index)) {
      check(listener.address, "listen[\(index)].address")
    }
    if let admin = loaded.settings.admin, !inherited.contains(.admin) {
      check(admin.address, "admin.address")
    }
  }

  private mutating func check(_ address: ListenAddress, _ keyPath: String) {
    switch address {
    case .unix(let path):
      if let reason = StartObstacle.toSocket(path) {
        stop(keyPath, "cannot create the Unix socket \(path): \(reason)")
      }
    case .tcp(let host, let port):
      guard let numeric = SocketAddress(numericHost: host, port: port) else {
        return stop(keyPath, "cannot listen on \(address): it is not a numeric address")
      }
      if let reason = StartObstacle.toListening(at: numeric) {
        stop(keyPath, "cannot listen on \(address): \(reason)")
      }
    }
  }

  private mutating func checkFiles() {
    let settings = loaded.settings
    var logPath: String?
    if case .file(let path)? = settings.traffic.log?.destination {
      logPath = path
      if let reason = StartObstacle.toWriting(path) {
        stop("traffic.log.path", "cannot open the traffic log \(path): \(reason)")
      }
    }
    if let path = settings.traffic.journal?.path {
      if path == logPath {
        stop("traffic.journal.path", "the traffic log is written to the same file")
      } else if let reason = StartObstacle.toWritingBeside(path) {
        stop("traffic.journal.path", "cannot open the journal \(path): \(reason)")
      }
    }
    if let path = settings.tokens.stateFile, let reason = StartObstacle.toWritingBeside(path) {
      warnings.append(
        loaded.problem(
          "tokens.stateFile", "cannot be written: \(reason)",
          hint: "the next start fetches tokens when asked"))
    }
  }

  private mutating func checkTLS() {
    for (index, listener) in loaded.settings.listeners.enumerated() {
      if let tls = listener.tls { check(tls, "listen[\(index)].tls") }
    }
    if let tls = loaded.settings.admin?.tls { check(tls, "admin.tls") }
  }

  private mutating func check(_ tls: TLSSettings, _ keyPath: String) {
    do {
      let acceptor = try TLSAcceptor(reading: tls)
      for doubt in CertificateDoubt.of(acceptor, at: SystemClock.wall) {
        warnings.append(
          loaded.problem("\(keyPath).\(doubt.key)", doubt.message, hint: doubt.hint))
      }
    } catch {
      stop("\(keyPath)\(error.key.map { "." + $0 } ?? "")", error.message, hint: error.hint)
    }
  }

  /// Checks the configured authorities. The start itself reads the system's own store, and only once.
  private mutating func checkTrust() {
    let upstream = loaded.settings.upstream
    guard let file = upstream.caFile else { return }
    do { _ = try TLSClient(host: upstream.host, caFile: file) } catch {
      stop("upstream.caFile", error.description, hint: "it must hold certificates in PEM")
    }
  }
}

extension StartChecks {
  /// Adds two kinds of findings: errors in compiling the rules, which a start compiles itself anyway, and doubts,
  /// which a start does not look for.
  package mutating func compileRules() {
    let settings = loaded.settings
    warnings += ConfigurationDoubts(loaded).doubts.map(\.problem)
    let compiled: RulesCompiler.Compiled
    do { compiled = try RulesCompiler(settings).compile() } catch {
      return stop(
        "tokens.scopes", "too many combinations of apps and scopes: \(error)",
        hint: "fewer apps, or scopes: service")
    }
    do { try Roster(settings).tokenService.check(against: compiled.slots) } catch {
      stop("tokens", "\(error)")
    }
  }

  /// The problems, one per line.
  package var text: String { problems.map(\.description).joined(separator: "\n") }
}
