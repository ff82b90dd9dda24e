/// One import of a course, until it is over and after.
struct ImportJob: Sendable {
  enum Outcome: Sendable {
    case running
    /// With the course as it was when the import ended.
    case complete(JSONValue)
    case failed(String)
  }

  let course: Identifier
  let title: String
  /// Bytes uploaded.
  let size: Int
  let tags: [String]
  let mayCreateNewVersion: Bool
  /// Monotonic time in nanoseconds.
  let started: UInt64
  /// How often its status was asked for.
  var polls = 0
  var outcome = Outcome.running

  /// `ImportJobResultSchema`.
  func value(_ identifier: Identifier) -> JSONValue {
    var members = [JSONMember("jobId", .string(identifier.text))]
    switch outcome {
    case .running:
      members.append(JSONMember("status", "RUNNING"))
    case .failed(let message):
      members += [JSONMember("status", "ERROR"), JSONMember("message", .string(message))]
    case .complete(let course):
      members += [
        JSONMember("status", "COMPLETE"), JSONMember("message", "Import successful"),
        JSONMember(
          "importResult", ["parserWarnings": [], "courseLanguages": ["en"], "course": course]),
      ]
    }
    return .object(members)
  }
}
