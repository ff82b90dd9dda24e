import Testing

@testable import HTTPMessages

/// A request that must be refused.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
  let why: String
  let fault: RequestFault
  let bytes: [UInt8]

  init(_ fault: RequestFault, _ why: String, _ text: String) {
    self.why = why
    self.fault = fault
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// A request that must be read as `summary` says.
struct AcceptedRequest: Sendable, CustomTestStringConvertible {
  let why: String
  let summary: String
  let fields: [String]?
  let bytes: [UInt8]

  init(_ why: String, _ text: String, _ summary: String, fields: [String]? = nil) {
    self.why = why
    self.summary = summary
    self.fields = fields
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// What strict readers must refuse: violations of the grammar, and known forms of request smuggling (two
/// interpretations of one message), from the test suites of other servers and from published attacks.
enum RequestTables {
  static let host = "Host: localhost\r\n"

  /// `lines` between a request line, a Host field and the empty line.
  static func get(_ lines: String) -> String {
    "GET /a HTTP/1.1\r\n" + host + lines + "\r\n"
  }

  static func post(_ lines: String) -> String {
    "POST /a HTTP/1.1\r\n" + host + lines + "\r\n"
  }

  /// Every head that must be refused.
  static let refused: [RefusedRequest] = [
    startLines, targets, fields, hosts, lengths, codings,
  ].flatMap { $0 }
}
