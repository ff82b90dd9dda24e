internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Rules
internal import System

/// A gateway from its start to its end, as `serve` runs it.
struct Serving: Equatable {
  static let threadCounts = 1...256

  /// Path of the configuration file; nil: defaults and the environment.
  var file: String?
  /// Event loops; nil: as many as there are processors to use.
  var threads: Int?

  func run() throws {
    ProcessLimits.forbidDumps()
    ProcessLimits.raiseDescriptorLimit()
    ProcessLimits.returnLargeBlocks()
    ProcessMemory.economise()
    let signals = try ProcessSignals()
    // One for the life of the process: it keeps the secrets that were taken out of the environment.
    let environment = Environment()
    let settings = try load(environment)
    let tracing = SpanExport(environment, warn: { OperatorNotice.warning($0).write() })
    let gateway: GatewayProcess
    do {
      gateway = try GatewayProcess(
        settings, threadCount: threads ?? Processors.count, tracing: tracing,
        journalPlace: JournalPlace.usual(environment), tell: { $0.write() })
    } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.failed)
    }
    gateway.journalNews.write()
    if let tracing { OperatorNotice.info("exporting spans to \(tracing.url)").write() }
    for address in gateway.addresses {
      OperatorNotice.info("serving callers on \(address)").write()
    }
    if let admin = gateway.adminAddress {
      OperatorNotice.info(
        "admin pages on " + (admin.unixPath == nil ? "http://\(admin)/" : "\(admin)")
      ).write()
    }
    waitForEnd(gateway, signals, watch: SecretWatch(gateway)) {
      reload(gateway, environment)
    }
  }

  /// Everything is right and what can change does, or nothing does.
  private func reload(_ gateway: GatewayProcess, _ environment: Environment) {
    do {
      let loaded = try ConfigurationSource.load(file: file, environment: environment)
      for warning in loaded.warnings { OperatorNotice.warning("\(warning)").write() }
      let reloaded = gateway.reload(loaded.settings)
      (reloaded.needsRestart.isEmpty
        ? OperatorNotice.info(reloaded.line) : .warning(reloaded.line)).write()
      for problem in StartChecks(loaded).problems {
        OperatorNotice.warning("a restart would stop at this: \(problem)").write()
      }
    } catch {
      OperatorNotice.error("NOT RELOADED, everything is as before:\n\(error)").write()
    }
  }

  private func load(_ environment: Environment) throws -> Settings {
    let loaded: LoadedSettings
    do { loaded = try ConfigurationSource.load(file: file, environment: environment) } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.badConfiguration)
    }
    let checks = StartChecks(loaded)
    for warning in loaded.warnings + checks.warnings {
      OperatorNotice.warning("\(warning)").write()
    }
    guard checks.problems.isEmpty else {
      OperatorNotice.error(checks.text).write()
      // Not that of a bad configuration: a folder or an address may come with the next attempt.
      throw ExitCode(ExitStatus.failed)
    }
    return loaded.settings
  }
}

/// Serves until a signal says to stop; a second one does not wait for what is under way.
///
/// - Parameters:
///   - watch: looked after while waiting.
///   - reload: what SIGHUP does.
func waitForEnd(
  _ gateway: GatewayProcess, _ signals: borrowing ProcessSignals, watch: SecretWatch? = nil,
  reload: () -> Void = {
    OperatorNotice.warning("SIGHUP: there is no configuration to read again").write()
  }
) {
  var watch = watch
  var upstream = gateway.upstreamWatch()
  var isStart = true
  while true {
    switch signals.next(within: isStart ? startMilliseconds : SecretWatch.interval) {
    case nil where isStart:
      // Given back at once they would be missed by the first calls.
      ProcessLimits.releaseStartPages()
      isStart = false
    case nil:
      watch?.look()
      gateway.look(&upstream)
    case .reopenLogs: gateway.reopenLogs()
    case .reload: reload()
    case .terminate:
      end(gateway, signals)
      return
    }
  }
}

/// Ends a gateway, as the first SIGTERM asks for; the second one cuts what is under way.
private func end(_ gateway: GatewayProcess, _ signals: borrowing ProcessSignals) {
  let isCut = !waitForBalancers(gateway, signals)
  if isCut {
    gateway.stop()
  } else {
    OperatorNotice.info("finishing what is under way; a second signal ends at once").write()
    gateway.beginDraining()
  }
  while !gateway.hasEnded {
    switch signals.next(within: 50) {
    case .terminate: gateway.stop()
    case .reopenLogs: gateway.reopenLogs()
    case .reload, nil: break
    }
  }
  if !gateway.end() { ProcessLimits.endAtOnce() }
}

/// Serves on while readiness says that it ends. Returns false when a second signal came meanwhile.
private func waitForBalancers(
  _ gateway: GatewayProcess, _ signals: borrowing ProcessSignals
) -> Bool {
  let delay = gateway.drainDelay
  guard delay > 0 else { return true }
  OperatorNotice.info(
    "not ready from now on; callers are served for another \(delay / 1_000_000) ms (drainDelay); "
      + "a second signal ends at once"
  ).write()
  gateway.announceEnd()
  let clock = TimeSource.system
  let deadline = clock.monotonic + delay
  while clock.monotonic < deadline {
    switch signals.next(within: clock.milliseconds(until: deadline, from: clock.monotonic)) {
    case .terminate: return false
    case .reopenLogs: gateway.reopenLogs()
    case .reload: OperatorNotice.warning("NOT RELOADED: the gateway is ending").write()
    case nil: break
    }
  }
  return true
}

/// How long the first tokens and calls may use the pages that the start has read.
private let startMilliseconds: Int32 = 250
