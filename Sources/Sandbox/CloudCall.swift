internal import JSONText
internal import LocalServer
internal import Memory
internal import SCORMCloudAPI
internal import System

/// One authorised call of an operation, parsed: the input of a ``Behaviour``.
struct CloudCall {
  let operation: Operation
  /// The application whose credential the call has.
  let application: Identifier
  /// The credential of that application; nil if the operation needs none.
  let credential: Identifier?
  /// The values of the template's parameters, decoded, in order.
  let parameters: [Identifier]
  /// The query, undecoded.
  let rawQuery: String
  let query: FormFields
  /// The value of `Content-Type`, in lower case; empty when there is none.
  let contentType: String
  /// The value of `Content-Type` as sent.
  let rawContentType: String
  /// The body's first bytes.
  let body: [UInt8]
  /// The whole body's length in bytes.
  let bodySize: Int
  /// The whole body, if it is longer than ``body``.
  let bodyFile: KeptFile?
  /// The folder where uploads are kept.
  let folder: String
  /// The value of `uploadedContentType`.
  let uploadedType: String?
  /// Virtual time.
  let now: Timestamp
  /// Virtual time in milliseconds since 1970 UTC.
  let milliseconds: Int
  /// The host and port that the caller used; nil if it named none.
  let host: String?

  init(
    operation: Operation, application: Identifier, credential: Identifier?,
    parameters: [Identifier], request: LocalRequest, query: FormFields, now: Timestamp,
    milliseconds: Int, folder: String
  ) {
    self.operation = operation
    self.application = application
    self.credential = credential
    self.parameters = parameters
    self.query = query
    self.now = now
    self.milliseconds = milliseconds
    rawQuery = request.query
    rawContentType = request.field("Content-Type") ?? ""
    contentType = rawContentType.lowercased()
    body = request.body
    bodySize = request.bodySize
    bodyFile = request.bodyFile
    self.folder = folder
    uploadedType = request.field("uploadedContentType")
    host = request.field("Host")
  }

  /// The parameter at `position` of the template.
  func parameter(_ position: Int) throws(Refusal) -> Identifier {
    guard position < parameters.count else { throw .message(400, "The path lacks a parameter.") }
    return parameters[position]
  }

  /// The body, after ``check()`` has read it.
  private var checked: JSONValue?

  /// The body as a JSON object. An empty body counts as `{}`, because some clients send it for that. Dates and
  /// enumeration values are changed to the API's spelling.
  func object() throws(Refusal) -> JSONValue {
    if let checked { return checked }
    guard bodySize == body.count else {
      throw .message(413, "The sandbox reads JSON bodies of up to \(body.count) bytes.")
    }
    if body.isEmpty { return .object([]) }
    let value: JSONValue
    do {
      value = try JSONValue(json: body)
    } catch {
      throw .message(400, error.description)
    }
    guard case .object = value else { throw .message(400, "The body is not a JSON object.") }
    return value
  }

  /// Refuses a body or a query with types that the API does not have.
  ///
  /// - Returns: the places of members that the API has no field for.
  mutating func check() throws(Refusal) -> [String] {
    let table = SchemaTable.ofClient
    let name = operation.name.description
    var findings = table.findings(query: query, of: name)
    if let kind = table.operations[name]?.body {
      let body = try object()
      let inBody = table.findings(body, kind, checksRequired: false)
      if inBody.faults.isEmpty { checked = table.canonical(body, kind) }
      findings.faults += inBody.faults
      findings.unknown += inBody.unknown
    }
    guard findings.faults.isEmpty else {
      throw .message(400, findings.faults.joined(separator: "; ") + ".")
    }
    return findings.unknown
  }
}

/// How the sandbox answers one operation.
enum Behaviour: Sendable {
  typealias ForApplication =
    @Sendable (inout ApplicationState, CloudCall) throws(Refusal) ->
    LocalResponse
  typealias ForRealm = @Sendable (inout Realm, CloudCall) throws(Refusal) -> LocalResponse

  /// Uses the data of the calling application.
  case application(ForApplication)
  /// Uses all applications.
  case realm(ForRealm)
  /// Does not answer, for this reason.
  case declined(StaticString)
}
