internal import ArgumentParser
internal import Configuration
internal import Gateway
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
    let tracing = SpanExport(environment, warn: { Console.report("warning: \($0)") })
    let gateway: GatewayProcess
    do {
      gateway = try GatewayProcess(
        settings, threadCount: threads ?? Processors.count, tracing: tracing,
        tell: { Console.report($0) })
    } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    if let tracing { Console.report("exporting spans to \(tracing.url)") }
    for address in gateway.addresses { Console.report("serving callers on \(address)") }
    if let admin = gateway.adminAddress {
      Console.report("admin pages on " + (admin.unixPath == nil ? "http://\(admin)/" : "\(admin)"))
    }
    waitForEnd(gateway, signals, watch: SecretWatch(gateway)) {
      reload(gateway, environment)
    }
  }

  /// Everything is right and what can change does, or nothing does.
  private func reload(_ gateway: GatewayProcess, _ environment: Environment) {
    do {
      let loaded = try ConfigurationSource.load(file: file, environment: environment)
      for warning in loaded.warnings { Console.report("warning: \(warning)") }
      Console.report(gateway.reload(loaded.settings).line)
      for problem in StartChecks(loaded).problems {
        Console.report("warning: a restart would stop at this: \(problem)")
      }
    } catch {
      Console.report("NOT RELOADED, everything is as before:\n\(error)")
    }
  }

  private func load(_ environment: Environment) throws -> Settings {
    let loaded: LoadedSettings
    do { loaded = try ConfigurationSource.load(file: file, environment: environment) } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
    let checks = StartChecks(loaded)
    for warning in loaded.warnings + checks.warnings { Console.report("warning: \(warning)") }
    guard checks.problems.isEmpty else {
      Console.tell(checks.text)
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
  reload: () -> Void = { Console.report("SIGHUP: there is no configuration to read again") }
) {
  var watch = watch
  var isStart = true
  while true {
    let signal: ProcessSignals.Signal?
    if isStart {
      signal = signals.next(within: startMilliseconds)
    } else if watch?.isNeeded == true {
      signal = signals.next(within: SecretWatch.interval)
    } else {
      signal = signals.next()
    }
    switch signal {
    case nil where isStart:
      // Given back at once they would be missed by the first calls.
      ProcessLimits.releaseStartPages()
      isStart = false
    case nil: watch?.look()
    case .reopenLogs: gateway.reopenLogs()
    case .reload: reload()
    case .terminate:
      Console.report("finishing what is under way; a second signal ends at once")
      gateway.beginDraining()
      while !gateway.hasEnded {
        if case .terminate = signals.next(within: 50) { gateway.stop() }
      }
      if !gateway.end() { ProcessLimits.endAtOnce() }
      return
    }
  }
}

/// How long the first tokens and calls may use the pages that the start has read.
private let startMilliseconds: Int32 = 250
