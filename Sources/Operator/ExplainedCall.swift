/// A call that an operator describes in order to learn what would happen to it.
package struct ExplainedCall: Sendable, Equatable {
  /// The maximum size of a description in bytes, all parts together.
  package static let limit = 16 * 1024

  /// The method, such as `GET`.
  package var method: String
  /// The target as a caller sends it: `/api/v2/courses?since=…`.
  package var target: String
  /// The name of an app, as in X-Scorm-App.
  package var app: String?
  /// The name of one of callers[].
  package var caller: String?
  /// More header fields, as `Name: value`.
  package var fields: [String]

  package init(
    method: String, target: String, app: String? = nil, caller: String? = nil, fields: [String] = []
  ) {
    self.method = method
    self.target = target
    self.app = app
    self.caller = caller
    self.fields = fields
  }

  /// Why the call cannot be checked, and what to write instead; nil if it can be. Control characters are refused,
  /// because one could split a part in two.
  var problem: String? {
    let parts = [method, target, app ?? ""] + fields
    guard parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
      return "method, path, app and header must not hold control characters"
    }
    guard parts.reduce(0, { $0 + $1.utf8.count }) <= ExplainedCall.limit else {
      return "the description is longer than \(ExplainedCall.limit) bytes"
    }
    guard !method.isEmpty, !method.contains(" ") else {
      return "name the call's method: GET, POST, PUT or DELETE"
    }
    guard target.hasPrefix("/"), !target.contains(" ") else {
      return "name the path as a caller sends it, with a slash in front and spaces as %20: "
        + "/api/v2/courses"
    }
    for field in fields {
      guard let colon = field.firstIndex(of: ":"), colon != field.startIndex else {
        return "write a header as \"Name: value\", not \"\(field)\""
      }
    }
    return nil
  }

  /// The head that a caller would send for the call. `Host` is a name that every listener serves, unless it is given.
  var head: String {
    var lines = ["\(method) \(target) HTTP/1.1"]
    if !fields.contains(where: { $0.lowercased().hasPrefix("host:") }) {
      lines.append("Host: localhost")
    }
    if let app { lines.append("X-Scorm-App: \(app)") }
    return (lines + fields).joined(separator: "\r\n") + "\r\n\r\n"
  }
}
