/// A learner's progress, in the form of `RegistrationSchema`.
enum Progress {
  /// The members that summarise the progress.
  static let outcome = [
    "registrationCompletion", "registrationCompletionAmount", "registrationSuccess", "score",
    "totalSecondsTracked", "firstAccessDate", "lastAccessDate", "completedDate",
  ]
  /// The members with more detail, except `activityDetails`.
  static let details = ["globalObjectives", "sharedData", "suspendedActivityId"]

  /// The progress before the first launch.
  static func none(_ course: Course?) -> JSONValue {
    [
      "registrationCompletion": "UNKNOWN", "registrationSuccess": "UNKNOWN",
      "totalSecondsTracked": 0,
      "activityDetails": activity(course?.latest.root(title: course?.title ?? "") ?? [:]),
    ]
  }

  /// The progress before the first launch, with the values of `initialRegistrationState`.
  static func initial(_ state: JSONValue, _ course: Course, _ version: Course.Version) -> JSONValue
  {
    var progress = none(course)
    progress.set("activityDetails", activity(version.root(title: course.title)))
    progress.take(outcome + details + ["activityDetails"], from: state)
    return progress
  }

  /// `ActivityResultSchema` of an activity that was not started yet, from its `CourseActivitySchema`.
  static func activity(_ root: JSONValue) -> JSONValue {
    [
      "id": root["itemIdentifier"] ?? "", "title": root["title"] ?? "", "attempts": 0,
      "activityCompletion": "UNKNOWN", "activitySuccess": "UNKNOWN",
      "timeTracked": .string(duration(0)), "completionAmount": ["scaled": 0], "suspended": false,
      "children": .array((root["children"]?.elements ?? []).map(activity)), "objectives": [],
    ]
  }

  /// `0001:02:03.00`, as the real service writes tracked times.
  static func duration(_ seconds: Double) -> String {
    let hundredths = Int(min(max(0, seconds), 1e9) * 100)
    func padded(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
    let whole = hundredths / 100
    return "\(padded(whole / 3600, 4)):\(padded(whole / 60 % 60, 2)):\(padded(whole % 60, 2))"
      + ".\(padded(hundredths % 100, 2))"
  }

  /// The parts of an `ActivityResultSchema` that the query asks for.
  static func shown(_ activity: JSONValue, _ query: FormFields) -> JSONValue {
    let hasChildren = query.isTrue("includeChildResults")
    let hasInteractions = query.isTrue("includeInteractionsAndObjectives")
    let hasRuntime = query.isTrue("includeRuntime")
    var shown = activity
    if !hasChildren { shown.set("children", nil) }
    if !hasInteractions { shown.set("objectives", nil) }
    if !hasRuntime { shown.set("staticProperties", nil) }
    if var runtime = activity["runtime"] {
      if !hasInteractions {
        runtime.set("runtimeInteractions", nil)
        runtime.set("runtimeObjectives", nil)
      }
      if !hasRuntime { runtime = runtime.picking(["runtimeInteractions", "runtimeObjectives"]) }
      shown.set("runtime", runtime.members.isEmpty ? nil : runtime)
    }
    if hasChildren, let children = activity["children"]?.elements {
      shown.set("children", .array(children.map { Progress.shown($0, query) }))
    }
    return shown
  }
}

/// What a learner did in one launch, as reported by the launch page or the control call.
struct ProgressReport: Sendable {
  static let completions = ["UNKNOWN", "COMPLETED", "INCOMPLETE"]
  static let successes = ["UNKNOWN", "PASSED", "FAILED"]

  var completion: String?
  var success: String?
  /// 0 to 100.
  var score: Double?
  /// Seconds spent.
  var seconds = 0.0
  /// `RuntimeObjectiveSchema`.
  var objectives: [JSONValue] = []
  /// `RuntimeInteractionSchema`.
  var interactions: [JSONValue] = []
  /// `SharedDataEntrySchema`.
  var sharedData: [JSONValue] = []
  var suspendData: String?
  /// Whether the learner leaves the course afterwards.
  var exits = true

  init() {}

  /// Throws a 400 that names the mistake.
  init(_ body: JSONValue) throws(Refusal) {
    completion = try ProgressReport.word("completion", body, ProgressReport.completions)
    success = try ProgressReport.word("success", body, ProgressReport.successes)
    if let value = body["score"], value != .null {
      guard let number = value.double, (0...100).contains(number) else {
        throw .message(400, "score must be a number from 0 to 100.")
      }
      score = number
    }
    if let value = body["seconds"], value != .null {
      guard let number = value.double, (0...31_536_000).contains(number) else {
        throw .message(400, "seconds must be a number from 0 to 31536000.")
      }
      seconds = number
    }
    objectives = try ProgressReport.list("objectives", "RuntimeObjectiveSchema", body)
    interactions = try ProgressReport.list("interactions", "RuntimeInteractionSchema", body)
    sharedData = try ProgressReport.list("sharedData", "SharedDataEntrySchema", body)
    suspendData = body["suspendData"]?.string
    exits = body["exit"]?.boolean ?? true
  }

  private static func word(_ name: String, _ body: JSONValue, _ words: [String]) throws(Refusal)
    -> String?
  {
    guard let value = body[name], value != .null else { return nil }
    guard let text = value.string?.uppercased(), words.contains(text) else {
      throw .message(400, "\(name) must be one of \(words.joined(separator: ", ")).")
    }
    return text
  }

  private static func list(_ name: String, _ schema: String, _ body: JSONValue) throws(Refusal)
    -> [JSONValue]
  {
    guard let value = body[name], value != .null else { return [] }
    let findings = SchemaTable.ofClient.findings(value, .list(.schema(schema)))
    guard let elements = value.elements, findings == SchemaFindings() else {
      let what = findings.faults + findings.unknown.map { "there is no \($0)" }
      throw .message(400, "\(name): \(what.joined(separator: "; ")).")
    }
    return elements
  }
}
