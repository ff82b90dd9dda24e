internal import ArgumentParser
internal import Configuration
internal import EventLoop
internal import Gateway
internal import Glibc

/// `serve`: the gateway.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the gateway.",
    discussion: """
      Without a file it listens on 127.0.0.1:8080 for one app, whose credential comes from SCORM_APP_ID
      and SCORM_SECRET_KEY or SCORM_SECRET_KEY_FILE.

      Signals: SIGTERM and SIGINT finish what is under way and end (a second one ends at once);
      SIGHUP reads file and secrets again, all or nothing; SIGUSR1 opens the traffic log anew. The file of a
      secret that changes is read again by itself.
      """)

  @Option(name: [.customShort("c"), .customLong("config")], help: "Configuration file (YAML).")
  var file: String?

  @Option(help: "Event loops, one thread each; the default is the number of processors.")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 256.")
    }
  }

  func run() throws {
    ProcessLimits.forbidDumps()
    ProcessLimits.raiseDescriptorLimit()
    ProcessLimits.returnLargeBlocks()
    let signals = try ProcessSignals()
    // One for the life of the process: it keeps the secrets that were taken out of the environment.
    let environment = Environment()
    let settings = try load(environment)
    let tracing: SpanExport?
    do { tracing = try SpanExport(environment) } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
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
    if let admin = gateway.adminAddress { Console.report("admin pages on http://\(admin)/") }
    ProcessLimits.releaseStartPages()
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
    } catch {
      Console.report("NOT RELOADED, everything is as before:\n\(error)")
    }
  }

  private func load(_ environment: Environment) throws -> Settings {
    do {
      let loaded = try ConfigurationSource.load(file: file, environment: environment)
      for warning in loaded.warnings { Console.report("warning: \(warning)") }
      return loaded.settings
    } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
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
  while true {
    let isWatching = watch?.isNeeded ?? false
    let signal = isWatching ? signals.next(within: SecretWatch.interval) : signals.next()
    switch signal {
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
