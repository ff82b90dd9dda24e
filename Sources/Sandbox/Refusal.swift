internal import LocalServer

/// An answer that says no, in one of SCORM Cloud's two shapes.
struct Refusal: Error {
  var status: Int
  var body: JSONValue
  var fields: [(name: String, value: String)] = []

  /// `{"message": …}`: everything but a refused credential.
  static func message(_ status: Int, _ text: String) -> Refusal {
    Refusal(status: status, body: ["message": .string(text)])
  }

  /// 401 `{"error": …}`: no credential, or one that is not valid.
  static func unauthorized(_ text: String = "Authorization Required.") -> Refusal {
    Refusal(
      status: 401, body: ["error": .string(text)],
      fields: [(name: "WWW-Authenticate", value: "Basic realm=\"SCORM Cloud sandbox\"")])
  }

  /// 404 `Could not find course [x]`.
  static func missing(_ kind: StaticString, _ identifier: Identifier) -> Refusal {
    .message(404, "Could not find \(kind) [\(identifier)]")
  }

  /// A named bound of the sandbox was reached.
  static func full(_ limit: Int, _ things: StaticString) -> Refusal {
    .message(400, "The sandbox keeps at most \(limit) \(things) per application.")
  }

  var response: LocalResponse { .json(body.text, status: status, fields: fields) }
}

extension LocalResponse {
  /// 200 with a JSON body.
  static func value(_ value: JSONValue) -> LocalResponse { .json(value.text) }

  /// 204: done, nothing to say. What most operations without a response schema answer.
  static var done: LocalResponse { LocalResponse(status: 204) }

  /// A file. The type stands alone: the official Python client takes a parameter behind it for text.
  static func file(_ body: LocalBody, type: String) -> LocalResponse {
    LocalResponse(status: 200, fields: [(name: "Content-Type", value: type)], body: body)
  }
}
