internal import LocalServer
internal import Memory
internal import SCORMCloudAPI

/// One authorised call of an operation, taken apart: what a ``Behaviour`` works from.
struct CloudCall {
  let operation: Operation
  /// The application whose credential came with the call.
  let application: SandboxApplication
  /// All applications of the sandbox, for App Management.
  let applications: [SandboxApplication]
  /// The values of the template's parameters, decoded, in order.
  let parameters: [Identifier]
  /// The query, raw.
  let rawQuery: String
  let query: FormFields
  /// The value of `Content-Type`, in lower case; empty when there is none.
  let contentType: String
  /// The body's first bytes.
  let body: [UInt8]
  /// The whole body's length in bytes.
  let bodySize: Int
  /// Wall-clock time.
  let now: Timestamp
  /// Monotonic time in nanoseconds.
  let uptime: UInt64

  /// The parameter at `position` of the template.
  func parameter(_ position: Int) throws(Refusal) -> Identifier {
    guard position < parameters.count else { throw .message(400, "The path lacks a parameter.") }
    return parameters[position]
  }

  /// The body as a JSON object. An empty body counts as `{}`, which clients send for it.
  func object() throws(Refusal) -> JSONValue {
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
    guard case .object = value else { throw .message(400, "The body is no JSON object.") }
    return value
  }
}

/// How the sandbox answers one operation.
typealias Behaviour = @Sendable (inout ApplicationState, CloudCall) throws(Refusal) -> LocalResponse
