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
    let file = file
    let reread: Reread = {
      Result { () throws(ConfigurationError) in
        try ConfigurationSource.load(file: file, environment: environment)
      }
    }
    let tracing = SpanExport(environment, warn: { OperatorNotice.warning($0).write() })
    let gateway: GatewayProcess
    do {
      gateway = try GatewayProcess(
        settings, threadCount: threads ?? Processors.count, tracing: tracing,
        journalPlace: JournalPlace.usual(environment), reread: reread,
        tell: { $0.write() })
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
      gateway.reloadAndTell(reread)
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
      gateway.tidyUp()
    case .reopenLogs: gateway.reopenLogs()
    case .reload: reload()
    case .terminate:
      OperatorNotice.info("finishing what is under way; a second signal ends at once").write()
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
