/// One import of a course, while it runs and afterwards.
struct ImportJob: StoredRecord {
  var course = Identifier("")
  /// The course's title if its content has none.
  var title = ""
  /// Bytes uploaded.
  var size = 0
  var tags: [String] = []
  var mayCreateNewVersion = false
  /// The URL to notify when the import ends.
  var postbackURL: String?
  /// What the request said about the content: `courseLearningStandard` and `metadata`.
  var content: JSONValue?
  /// The version that the upload creates, and what follows from its content.
  var version = Course.Version()
  var warnings: [String] = []
  var languages: [String] = []
  /// Why the import will fail; empty if it will not.
  var fault = ""
  /// Virtual time in milliseconds since 1970 UTC.
  var started = 0
  /// How often the status was asked for.
  var polls = 0
  /// `RUNNING`, `COMPLETE` or `ERROR`.
  var status = "RUNNING"
  var message = ""
  /// `ImportResultSchema`, with the course's state when the import ended.
  var result: JSONValue?

  init() {}

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("courseId", &course)
    fields.field("title", &title)
    fields.field("size", &size)
    fields.field("tags", &tags)
    fields.field("mayCreateNewVersion", &mayCreateNewVersion, default: false)
    fields.field("postbackUrl", &postbackURL)
    fields.field("content", &content)
    fields.field("upload", &version)
    fields.field("warnings", &warnings)
    fields.field("languages", &languages)
    fields.field("fault", &fault)
    fields.field("started", &started)
    fields.field("polls", &polls)
    fields.field("status", &status, default: "RUNNING")
    fields.field("message", &message)
    fields.field("importResult", &result)
  }

  var isRunning: Bool { status == "RUNNING" }

  mutating func fail(_ message: String) {
    status = "ERROR"
    self.message = message
  }

  /// `ImportJobResultSchema`.
  func value(_ identifier: Identifier) -> JSONValue {
    var members = [
      JSONMember("jobId", .string(identifier.text)), JSONMember("status", .string(status)),
    ]
    if !message.isEmpty { members.append(JSONMember("message", .string(message))) }
    if let result { members.append(JSONMember("importResult", result)) }
    return .object(members)
  }
}
