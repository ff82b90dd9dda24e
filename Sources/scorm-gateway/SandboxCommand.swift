internal import ArgumentParser
internal import Configuration
internal import Gateway
internal import System

/// `sandbox`: runs only the simulated SCORM Cloud.
struct SandboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Run a simulated SCORM Cloud.",
    discussion: """
      It checks credentials, issues tokens, enforces scopes and keeps state for every operation. The app SANDBOX has \
      the secret sandbox-secret. The app SANDBOX-MANAGEMENT, for App Management, has sandbox-management-secret. Tests \
      control it under /sandbox/: faults, clock, snapshots, recorded calls and their verification (docs/sandbox.md).

      It prints "ready" when it serves. Exit codes: 0 after SIGTERM or Ctrl-C, 1 if it cannot listen, 78 if the seed \
      has mistakes; each is printed with its place.
      """,
    subcommands: [SandboxRunCommand.self, SandboxEnvCommand.self, SandboxCoverageCommand.self],
    // If this command had options, the parser would take options of the same name from its subcommands.
    defaultSubcommand: SandboxRunCommand.self)
}

/// `sandbox run`, or `sandbox` alone.
struct SandboxRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Serve until SIGTERM or Ctrl-C.")

  @Option(help: "Address to listen on; port 0 lets the system choose.")
  var listen = "127.0.0.1:8090"

  @Option(help: "Start with the data in this file (YAML or JSON), also after a reset.")
  var seed: String?

  @Option(help: ArgumentHelp("How the clock starts: \(SandboxOptions.clockExpectation)."))
  var clock = "real"

  @Option(
    name: .customLong("port-file"),
    help: "Write the port to this file once it listens; the file is removed at the end.")
  var portFile: String?

  @Flag(help: "Refuse fields and parameters that the API does not have, instead of counting them.")
  var strict = false

  func run() throws {
    guard let address = ListenAddress(listen) else {
      throw ValidationError("--listen takes an address like 127.0.0.1:8090 or unix:/path.")
    }
    var options = SandboxOptions()
    guard options.setClock(clock) else {
      throw ValidationError("--clock takes \(SandboxOptions.clockExpectation).")
    }
    if strict { options.setStrict() }
    if let seed {
      do throws(ConfigurationError) { try options.takeSeed(path: seed) } catch {
        Console.tell(error.description)
        throw ExitCode(ExitStatus.badConfiguration)
      }
    }
    ProcessLimits.raiseDescriptorLimit()
    let signals = try ProcessSignals()
    let sandbox: SandboxService
    do { sandbox = try SandboxService(listen: address, options: options) } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
    do throws(SystemError) {
      if let portFile { try ReplacedFile.write("\(sandbox.address.port)\n", path: portFile) }
    } catch {
      sandbox.stop()
      Console.report("\(portFile ?? "") cannot be written: \(error)")
      throw ExitCode(ExitStatus.failed)
    }
    // Reading a large seed takes several times the memory of its data.
    if seed != nil { ProcessMemory.trim() }
    print("simulated SCORM Cloud at \(sandbox.apiURL)")
    print("calls it received: \(sandbox.callsURL)")
    print("control: \(sandbox.controlURL)")
    print("ready")
    Output.flush()
    while true {
      if case .terminate = signals.next() { break }
    }
    if let portFile { ReplacedFile.remove(path: portFile) }
    sandbox.stop()
  }
}

/// `sandbox env`: prints variables for a shell and nothing else.
struct SandboxEnvCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Print shell exports that point clients and a gateway at the sandbox.",
    discussion: """
      eval "$(scorm-gateway sandbox env)"
      """)

  @Option(help: "The address the sandbox listens on.")
  var listen = "127.0.0.1:8090"

  @Option(
    name: .customLong("port-file"), help: "Read the port from this file, which the sandbox wrote.")
  var portFile: String?

  func run() throws {
    guard case .tcp(let host, var port)? = ListenAddress(listen) else {
      throw ValidationError("--listen takes an address like 127.0.0.1:8090.")
    }
    if let portFile {
      guard let number = ReplacedFile.number(path: portFile), (1...65_535).contains(number) else {
        Console.report("\(portFile) holds no port; is the sandbox running with --port-file?")
        throw ExitCode(ExitStatus.failed)
      }
      port = UInt16(number)
    }
    let origin = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    let app = SandboxService.defaultApp
    print("export SCORM_SANDBOX_URL='\(origin)/sandbox'")
    print("export SCORM_CLOUD_URL='\(origin)/api/v2'")
    print("export SCORM_GATEWAY_UPSTREAM_URL='\(origin)/api/v2'")
    print("export SCORM_APP_ID='\(app.id)'")
    print("export SCORM_SECRET_KEY='\(app.secret)'")
  }
}

/// `sandbox coverage`: shows which operations the sandbox covers.
struct SandboxCoverageCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, json
  }

  static let configuration = CommandConfiguration(
    commandName: "coverage",
    abstract:
      "List each operation as proven (tested with the official client), answered, or declined.")

  @Option(help: "table or json.")
  var format = Format.table

  @OptionGroup var table: TableOptions

  func run() {
    switch format {
    case .json: print(SandboxCoverageText.json)
    case .table:
      var rows = TextTable([
        .init("operation", least: 20), .init("path", least: 24), .init("standing"),
        .init("reason", least: 16, rank: 1),
      ])
      for row in SandboxCoverageText.rows { rows.append(row) }
      print(rows.text(in: table.room), terminator: "")
      print("\n\(SandboxCoverageText.summary)")
    }
  }
}
