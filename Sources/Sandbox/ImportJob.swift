/// One import of a course, until it is over and after.
struct ImportJob: StoredRecord {
  var course = Identifier("")
  /// What the course is called when its content does not say.
  var title = ""
  /// Bytes uploaded.
  var size = 0
  var tags: [String] = []
  var mayCreateNewVersion = false
  /// Where to tell when it is over.
  var postbackURL: String?
  /// What the request knew of the content: `courseLearningStandard` and `metadata`.
  var content: JSONValue?
  /// The version that an upload makes, and what its content brings about.
  var version = Course.Version()
  var warnings: [String] = []
  var languages: [String] = []
  /// Why the import will fail; empty when it will not.
  var fault = ""
  /// Virtual time in milliseconds.
  var started = 0
  /// How often its status was asked for.
  var polls = 0
  /// `RUNNING`, `COMPLETE` or `ERROR`.
  var status = "RUNNING"
  var message = ""
  /// `ImportResultSchema`, with the course as it was when the import ended.
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
