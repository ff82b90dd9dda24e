internal import LocalServer

/// An error answer, in one of SCORM Cloud's two shapes.
struct Refusal: Error {
  var status: Int
  var body: JSONValue
  var fields: [(name: String, value: String)] = []

  /// `{"message": …}`: every error except a refused credential.
  static func message(_ status: Int, _ text: String) -> Refusal {
    Refusal(status: status, body: ["message": .string(text)])
  }

  /// 401 `{"error": …}`: the credential is missing or not valid.
  static func unauthorized(_ text: String = "Authorization Required.") -> Refusal {
    Refusal(
      status: 401, body: ["error": .string(text)],
      fields: [(name: "WWW-Authenticate", value: "Basic realm=\"SCORM Cloud sandbox\"")])
  }

  /// 404 `Could not find course [x]`.
  static func missing(_ kind: StaticString, _ identifier: Identifier) -> Refusal {
    .message(404, "Could not find \(kind) [\(identifier)]")
  }

  /// A limit of the sandbox is reached.
  static func full(_ limit: Int, _ things: StaticString) -> Refusal {
    .message(400, "The sandbox keeps at most \(limit) \(things) per application.")
  }

  var response: LocalResponse { .json(body.text, status: status, fields: fields) }
}

extension LocalResponse {
  /// 200 with a JSON body.
  static func value(_ value: JSONValue) -> LocalResponse { .json(value.text) }

  /// 204 without content, the answer of most operations that have no response schema.
  static var done: LocalResponse { LocalResponse(status: 204) }

  /// A file. The type has no parameter, because the official Python client treats a type with one as text.
  static func file(_ body: LocalBody, type: String) -> LocalResponse {
    LocalResponse(status: 200, fields: [(name: "Content-Type", value: type)], body: body)
  }
}
