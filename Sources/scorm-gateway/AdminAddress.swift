internal import ArgumentParser
internal import Configuration
internal import CurlTransport
internal import TrafficJournal

/// The option for the admin address, of commands that contact a running gateway.
struct AdminOption: ParsableArguments {
  @Option(
    help: """
      The gateway's admin address: host:port, unix:/path, or https://host:port if it uses TLS. The default is \
      $\(AdminVariable.name), or \(AdminAddress.usual) without that variable.
      """)
  var admin: String?

  @OptionGroup var tls: AdminTLSOption

  /// The address to contact: the option's, otherwise the environment's, otherwise the default.
  var address: AdminTarget {
    AdminTarget(AdminAddress.chosen(admin, Environment()), tls.files)
  }
}

/// The options for an admin address with TLS: the client's certificate and the trusted authorities.
struct AdminTLSOption: ParsableArguments {
  @Option(help: "With https: CA certificates (PEM) to trust instead of the system's.")
  var adminCA: String?

  @Option(help: "With https: the client certificate to present (PEM).")
  var adminCert: String?

  @Option(help: "With https: the client certificate's private key (PEM).")
  var adminKey: String?

  var files: HTTPProbe.TLSFiles {
    HTTPProbe.TLSFiles(authorities: adminCA, certificate: adminCert, key: adminKey)
  }
}

/// The admin address of a running gateway, for commands.
struct AdminTarget: ExpressibleByStringInterpolation, CustomStringConvertible {
  /// The address: `127.0.0.1:9901`, `unix:/path`, `https://gateway.internal:9901`.
  let description: String
  let files: HTTPProbe.TLSFiles

  init(_ address: String, _ files: HTTPProbe.TLSFiles) {
    description = address
    self.files = files
  }

  init(stringLiteral address: String) { self.init(address, HTTPProbe.TLSFiles()) }
}

/// Contacts a running gateway for commands.
enum AdminAddress {
  static let usual = "127.0.0.1:9901"
  private static let secure = "https://"

  /// The address in a form that can be connected to. It accepts an address with a scheme, as the gateway prints it at
  /// the start, and an `admin.address` that means all addresses of the machine.
  static func chosen(_ flag: String?, _ environment: Environment) -> String {
    var text = flag ?? AdminVariable.value(in: environment) ?? usual
    var scheme = ""
    if text.hasPrefix("http://") { text.removeFirst(7) }
    if text.hasPrefix(secure) {
      text.removeFirst(secure.count)
      scheme = secure
    }
    if !text.hasPrefix("unix:"), text.hasSuffix("/") { text.removeLast() }
    guard let listened = ListenAddress(text) else { return scheme + text }
    let here = listened.fromHere
    // The certificate is for this name, so it stays as written.
    return scheme + (!scheme.isEmpty && here == listened ? text : here.description)
  }

  /// Milliseconds for the answer of a page that is made from memory.
  private static let usualTimeout = 5_000

  /// The admin address did not answer. The text says what to do about it.
  struct NoAnswer: Error, CustomStringConvertible {
    let address: String
    let reason: String

    var description: String {
      "no gateway answers at the admin address \(address) (\(reason)). If one is running, give its "
        + "admin.address with --admin or \(AdminVariable.name). Otherwise start it: scorm-gateway serve"
    }
  }

  /// Gets `path` from the admin address, or ends the command with an error message.
  ///
  /// - Parameter timeout: milliseconds for the whole answer.
  static func get(
    _ address: AdminTarget, _ path: String, timeout: Int = usualTimeout
  ) throws -> HTTPProbe.Answer {
    try orEnd { () throws(NoAnswer) in try ask("GET", address, path, timeout: timeout) }
  }

  /// Posts to `path` of the admin address without a body, or ends the command with an error message.
  static func post(
    _ address: AdminTarget, _ path: String, timeout: Int = usualTimeout
  ) throws -> HTTPProbe.Answer {
    try orEnd { () throws(NoAnswer) in try ask("POST", address, path, timeout: timeout) }
  }

  /// Sends a request to the admin address. Blocks the calling thread for at most `timeout` milliseconds.
  static func ask(
    _ method: String, _ target: AdminTarget, _ path: String, timeout: Int
  ) throws(NoAnswer) -> HTTPProbe.Answer {
    let address = plain(target.description)
    let isUnix = address.hasPrefix("unix:")
    let host = isUnix ? "localhost" : address
    do {
      return try HTTPProbe.ask(
        host.hasPrefix(secure) ? host + path : "http://\(host)\(path)", method: method,
        socketPath: isUnix ? String(address.dropFirst(5)) : nil, tls: target.files, timeout: timeout
      )
    } catch {
      throw NoAnswer(address: address, reason: error.reason)
    }
  }

  /// `address` without the parts of a URL that browsers show and `serve` prints.
  static func plain(_ address: String) -> String {
    guard address.hasPrefix("http://") else { return address }
    let rest = address.dropFirst("http://".count)
    return String(rest.hasSuffix("/") ? rest.dropLast() : rest)
  }

  private static func orEnd(
    _ question: () throws(NoAnswer) -> HTTPProbe.Answer
  ) throws -> HTTPProbe.Answer {
    do { return try question() } catch {
      Console.report(error.description)
      throw ExitCode(ExitStatus.failed)
    }
  }

  /// The body of a successful answer. For any other answer, ends the command with the page's error message.
  static func body(of answer: HTTPProbe.Answer) throws -> String {
    guard answer.status != 200 else { return answer.body }
    Console.report(problem(answer.status, answer.body))
    // The configuration that should take effect is invalid.
    if answer.status == 422 { throw ExitCode(ExitStatus.badConfiguration) }
    throw ExitCode(ExitStatus.failed)
  }

  /// The error message of an answer other than 200.
  static func problem(_ status: Int, _ body: String) -> String {
    detail(body) ?? "the admin address answered \(status): \(body)"
  }

  /// The `detail` of a problem document (RFC 9457); nil if `body` is not one.
  private static func detail(_ body: String) -> String? {
    guard let start = body.firstRange(of: "\"detail\":\"")?.upperBound else { return nil }
    var end = start
    while end < body.endIndex, body[end] != "\"" {
      if body[end] == "\\" { end = body.index(after: end) }
      if end < body.endIndex { end = body.index(after: end) }
    }
    return String(decoding: CallRecord.plain(String(body[start..<end])), as: UTF8.self)
  }
}
