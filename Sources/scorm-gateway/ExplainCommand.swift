internal import ArgumentParser
internal import Configuration
internal import Operator
internal import Rules
internal import System
internal import TextCoding

/// `explain`: shows what the gateway would do with a call.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show what the gateway would do with a call, without sending it.",
    usage: "scorm-gateway explain <method> <path> [<options>]",
    discussion: """
      Asks a running gateway, which also knows the state of its tokens and limits. With -c it reads a configuration \
      file instead, and needs no running gateway.

        scorm-gateway explain GET /api/v2/courses
        scorm-gateway explain POST /api/v2/registrations --caller crm

      Exit codes: 0 whether the call is allowed or refused, 1 if no gateway answers or the caller is unknown.
      """)

  @Argument(help: "GET, POST, PUT or DELETE.")
  var method: String

  @Argument(help: "The path as a caller sends it, with its query: /api/v2/courses.")
  var path: String

  @Option(help: "The app, as in X-Scorm-App.")
  var app: String?

  @Option(help: "The caller, one of callers[]. Required if there are several.")
  var caller: String?

  @Option(help: "Another header field, \"Name: value\". May be repeated.")
  var header: [String] = []

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: "Use this configuration file (YAML) instead of a running gateway.")
  var file: String?

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @OptionGroup var table: TableOptions

  func run() throws {
    if let file { try explain(by: file) } else { try ask() }
    Output.flush()
  }

  private func ask() throws {
    var query = "method=\(PercentCoding.encode(method))&path=\(PercentCoding.encode(path))"
    if let app { query += "&app=\(PercentCoding.encode(app))" }
    if let caller { query += "&caller=\(PercentCoding.encode(caller))" }
    for field in header { query += "&header=\(PercentCoding.encode(field))" }
    let answer = try AdminAddress.get(
      admin.address, "/api/explain?\(query)&format=\(format.rawValue)\(table.query)")
    print(try AdminAddress.body(of: answer), terminator: "")
  }

  private func explain(by file: String) throws {
    let settings: Settings
    do {
      settings = try ConfigurationSource.load(file: file, environment: Environment()).settings
    } catch {
      Console.tell(error.description)
      throw ExitCode(ExitStatus.badConfiguration)
    }
    do {
      let call = ExplainedCall(
        method: method, target: path, app: app, caller: caller, fields: header)
      let explanation = try Explanation(call, ExplanationSources(settings))
      print(format == .json ? explanation.json : explanation.table(in: table.room), terminator: "")
    } catch {
      Console.report("\(error)")
      throw ExitCode(ExitStatus.failed)
    }
  }
}
