internal import ArgumentParser
internal import Configuration
internal import Operator
internal import Rules
internal import System
internal import TextCoding

/// `explain`: what the gateway would do with a call.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tell what the gateway would do with a call, without calling anything.",
    usage: "scorm-gateway explain <method> <path> [<options>]",
    discussion: """
      Asks a running gateway, which also knows its tokens and who waits for limits. With -c it reads a \
      configuration instead, and no gateway need run.

        scorm-gateway explain GET /api/v2/courses
        scorm-gateway explain POST '/api/v2/registrations?x=y' --app main --caller crm -c gateway.yaml

      Exit code 0, whether the call is allowed or refused; 1: no gateway answers, or there is no such caller.
      """)

  @Argument(help: "GET, POST, PUT or DELETE.")
  var method: String

  @Argument(help: "The path as a caller sends it, with its query: /api/v2/courses.")
  var path: String

  @Option(help: "The app, as X-Scorm-App would name it.")
  var app: String?

  @Option(help: "One of callers[]; needed when there are several.")
  var caller: String?

  @Option(help: "A further header field, \"Name: value\"; may be repeated.")
  var header: [String] = []

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: "Configuration file (YAML) to explain by, in place of a running gateway.")
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
