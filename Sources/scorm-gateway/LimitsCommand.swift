internal import ArgumentParser
internal import CurlTransport
internal import EventLoop

/// `limits`: the limits of a running gateway, or of one to come.
struct LimitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limits",
    abstract: "Show the limits of a running gateway, or try new ones on the traffic of the past.",
    subcommands: [LimitsShowCommand.self, LimitsSimulateCommand.self],
    defaultSubcommand: LimitsShowCommand.self)
}

/// `limits show`: what a running gateway's limits allow right now.
struct LimitsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the limits of a running gateway: what is left, who waits and how long.")

  @Option(help: "The gateway's admin address: host:port or unix:/path.")
  var admin = AdminAddress.usual

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  func run() throws {
    let answer = try AdminAddress.get(admin, "/api/limits?format=\(format.rawValue)")
    guard answer.status == 200 else {
      Console.report("the admin address answered \(answer.status): \(answer.body)")
      throw ExitCode(ExitStatus.failed)
    }
    print(answer.body, terminator: "")
    Output.flush()
  }
}

/// How commands reach a running gateway.
enum AdminAddress {
  static let usual = "127.0.0.1:9901"

  /// Gets `path` from the admin address, or ends the command with what is wrong.
  static func get(_ address: String, _ path: String) throws -> HTTPProbe.Answer {
    let isUnix = address.hasPrefix("unix:")
    let host = isUnix ? "localhost" : address
    do {
      return try HTTPProbe.get(
        "http://\(host)\(path)", socketPath: isUnix ? String(address.dropFirst(5)) : nil)
    } catch {
      Console.report("no answer from the admin address: \(error)")
      throw ExitCode(ExitStatus.failed)
    }
  }
}
