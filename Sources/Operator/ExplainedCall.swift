/// A call as an operator describes it, to be told what would happen to it.
package struct ExplainedCall: Sendable, Equatable {
  /// Bytes of a description, all parts together.
  package static let limit = 16 * 1024

  /// `GET`.
  package var method: String
  /// The target as a caller would send it: `/api/v2/courses?since=…`.
  package var target: String
  /// An app's name, as X-Scorm-App would say it.
  package var app: String?
  /// The name of one of callers[].
  package var caller: String?
  /// Further header fields, `Name: value`.
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

  /// Why it cannot be checked, and what to write instead; nil when it can. A part with a control character
  /// could pass itself off as several parts.
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

  /// The head that a caller would send for it. `Host` is a name that every listener serves unless given.
  var head: String {
    var lines = ["\(method) \(target) HTTP/1.1"]
    if !fields.contains(where: { $0.lowercased().hasPrefix("host:") }) {
      lines.append("Host: localhost")
    }
    if let app { lines.append("X-Scorm-App: \(app)") }
    return (lines + fields).joined(separator: "\r\n") + "\r\n\r\n"
  }
}
