internal import ArgumentParser
internal import CurlTransport
internal import System
internal import TextCoding
internal import TrafficJournal

/// `tokens`: the access tokens of a running gateway.
struct TokensCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens",
    abstract: "Show, renew or drop the access tokens of a running gateway.",
    discussion: """
      Tokens themselves are never shown, only fingerprints: the first eight digits of a token's SHA-256, as in the \
      traffic log.
      """,
    subcommands: [TokensShowCommand.self, TokensRenewCommand.self, TokensDropCommand.self],
    defaultSubcommand: TokensShowCommand.self)
}

/// The options that select tokens.
struct TokenOptions: ParsableArguments {
  @Option(help: "Only tokens of this app.")
  var app: String?

  @Option(help: "Only tokens with this scope, such as read:course.")
  var scope: String?

  @OptionGroup var admin: AdminOption

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  /// The query for the admin page.
  func query(all: Bool) -> String {
    var query = "format=\(format.rawValue)"
    if let app { query += "&app=\(PercentCoding.encode(app))" }
    if let scope { query += "&scope=\(PercentCoding.encode(scope))" }
    if all { query += "&all=true" }
    return query
  }

  /// Makes the page change the selected tokens, and prints which ones.
  func change(_ page: String, all: Bool) throws {
    let answer = try AdminAddress.post(admin.address, "/api/tokens/\(page)?\(query(all: all))")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }

  /// A forgotten option must not affect all tokens.
  func checkSelection(all: Bool) throws {
    guard app != nil || scope != nil || all else {
      throw ValidationError("Say which tokens: --app NAME, --scope SCOPE, or --all.")
    }
  }
}

/// `tokens show`: prints one line per token.
struct TokensShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show each token: state, age, time left, uses, next renewal, last error.")

  @OptionGroup var tokens: TokenOptions

  @Flag(help: "Also tokens that no call has needed yet.")
  var all = false

  @OptionGroup var table: TableOptions

  func run() throws {
    let answer = try AdminAddress.get(
      tokens.admin.address, "/api/tokens?\(tokens.query(all: all))\(table.query)")
    print(try AdminAddress.body(of: answer), terminator: "")
    Output.flush()
  }
}

/// `tokens renew`: fetches new tokens now.
struct TokensRenewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Fetch new tokens now. Current tokens stay in use until the new ones arrive.")

  @OptionGroup var tokens: TokenOptions

  @Flag(help: "Every token that is held or needed.")
  var all = false

  func validate() throws { try tokens.checkSelection(all: all) }
  func run() throws { try tokens.change("renew", all: all) }
}

/// `tokens drop`: drops tokens.
struct TokensDropCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop",
    abstract: "Drop tokens. The next call that needs one fetches it.",
    discussion:
      "SCORM Cloud offers no way to revoke a token: a dropped token stays valid there until it expires."
  )

  @OptionGroup var tokens: TokenOptions

  @Flag(help: "Every token that is held.")
  var all = false

  func validate() throws { try tokens.checkSelection(all: all) }
  func run() throws { try tokens.change("drop", all: all) }
}
