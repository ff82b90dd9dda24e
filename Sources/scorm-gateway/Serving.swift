internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import Rules
internal import System

/// Runs a gateway from its start to its end, for `serve`.
struct Serving: Equatable {
  static let threadCounts = 1...256

  /// The path of the configuration file; nil uses defaults and the environment.
  var file: String?
  /// The number of event loops; nil uses the number of available processors.
  var threads: Int?

  func run() throws {
    ProcessLimits.forbidDumps()
    ProcessLimits.raiseDescriptorLimit()
    ProcessLimits.returnLargeBlocks()
    ProcessMemory.economise()
    ProcessStart.keepDescriptors()
    let program = ProgramStart()
    let predecessor = try findPredecessor()
    let variables = ProcessStart.takeListenVariables()
    let signals = try ProcessSignals()
    // One for the life of the process, because it keeps the secrets that were removed from the environment.
    let environment = Environment()
    predecessor?.restore(environment)
    let loaded = try load(environment)
    let settings = loaded.settings
    let inherited = try predecessor?.sockets(for: settings) ?? sockets(variables, settings)
    try check(loaded, inherited)
    let file = file
    let reread: Reread = {
      Result { () throws(ConfigurationError) in
        try ConfigurationSource.load(file: file, environment: environment)
      }
    }
    let export = TelemetryExport(environment, warn: { OperatorNotice.warning($0).write() })
    let gateway: GatewayProcess
    do {
      gateway = try GatewayProcess(
        settings, threadCount: threads ?? Processors.count, export: export,
        journalPlace: JournalPlace.usual(environment),
        inherited: inherited, predecessor: predecessor, reread: reread,
        tell: { $0.write() })
    } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.failed)
    }
    var loop = ServingLoop(gateway, signals, watch: SecretWatch(gateway)) {
      gateway.reloadAndTell(reread)
    }
    if let predecessor, !loop.takeOver(from: predecessor) {
      gateway.stop()
      gateway.end()
      throw ExitCode(ExitStatus.failed)
    }
    announce(gateway, export)
    loop.attend(environment, program)
    loop.run()
  }

  private func announce(_ gateway: GatewayProcess, _ export: TelemetryExport) {
    gateway.journalNews.write()
    for line in export.lines { OperatorNotice.info(line).write() }
    let settings = gateway.settings
    for (address, listener) in zip(gateway.addresses, settings.listeners) {
      let how = listener.tls == nil ? "" : " by TLS"
      OperatorNotice.info("serving callers on \(address)\(how)").write()
    }
    if let admin = gateway.adminAddress {
      let scheme = settings.admin?.tls == nil ? "http" : "https"
      OperatorNotice.info(
        "admin pages on " + (admin.unixPath == nil ? "\(scheme)://\(admin)/" : "\(admin)")
      ).write()
    }
  }

  /// The process that started this one to take over from it, with what it has sent so far.
  private func findPredecessor() throws -> Predecessor? {
    do throws(Predecessor.Failure) {
      guard let predecessor = try Predecessor.find() else { return nil }
      for warning in try predecessor.read() { OperatorNotice.warning(warning).write() }
      return predecessor
    } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// The sockets that systemd passes to this process.
  private func sockets(
    _ variables: (process: String?, count: String?, names: String?), _ settings: Settings
  ) throws -> InheritedSockets {
    do throws(SocketSeats.Mismatch) {
      let offers = try SocketSeats.offers(
        process: variables.process, count: variables.count, names: variables.names,
        ownProcess: ProcessStart.processID, kind: { InheritedDescriptor.kind(of: $0) })
      return InheritedSockets(try SocketSeats.assign(offers, settings))
    } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.badConfiguration)
    }
  }

  private func load(_ environment: Environment) throws -> LoadedSettings {
    do { return try ConfigurationSource.load(file: file, environment: environment) } catch {
      OperatorNotice.error(error.description).write()
      throw ExitCode(ExitStatus.badConfiguration)
    }
  }

  private func check(_ loaded: LoadedSettings, _ inherited: InheritedSockets) throws {
    let checks = StartChecks(loaded, inherited: inherited.seats)
    for warning in loaded.warnings + checks.warnings {
      OperatorNotice.warning("\(warning)").write()
    }
    guard checks.problems.isEmpty else {
      OperatorNotice.error(checks.text).write()
      // Not the status of a bad configuration: a folder or an address may be available at the next attempt.
      throw ExitCode(ExitStatus.failed)
    }
  }
}
