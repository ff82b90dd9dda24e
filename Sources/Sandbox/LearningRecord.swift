internal import LocalServer
internal import TextCoding

/// xAPI statements about the sandbox's learners, as `XapiStatement`.
enum LearningRecord {
  /// Maximum number of statements kept per registration instance; the oldest are dropped.
  static let maximumStatements = 1_000

  enum Verb: String, Sendable {
    case launched, answered, completed, passed, failed, exited

    /// The identifiers in ADL's vocabulary.
    var value: JSONValue {
      [
        "id": .string("http://adlnet.gov/expapi/verbs/\(rawValue)"),
        "display": ["en-US": .string(rawValue)],
      ]
    }
  }

  /// The verbs of the statements that a report produces, in order.
  static func verbs(_ report: ProgressReport) -> [Verb] {
    var verbs: [Verb] = report.interactions.isEmpty ? [] : [.answered]
    if report.completion == "COMPLETED" { verbs.append(.completed) }
    if report.success == "PASSED" { verbs.append(.passed) }
    if report.success == "FAILED" { verbs.append(.failed) }
    return report.exits ? verbs + [.exited] : verbs
  }

  /// The xAPI identifier of a course's version.
  static func activity(_ course: Identifier, _ version: Int) -> String {
    "https://sandbox.invalid/courses/\(PercentCoding.encodeForm(course.text))/\(version)"
  }

  static func statement(
    _ identifier: Identifier, _ verb: Verb, _ registration: Registration, _ version: Int,
    _ xapi: String, title: String, _ report: ProgressReport, _ interaction: JSONValue?,
    _ now: Timestamp
  ) -> JSONValue {
    let learner = registration.learner
    let name = [learner.firstName, learner.lastName].filter { !$0.isEmpty }.joined(separator: " ")
    var object = activity(registration.course, version)
    var definition: JSONValue = [
      "name": ["en-US": .string(title)], "type": "http://adlnet.gov/expapi/activities/course",
    ]
    if let interaction {
      object += "/interactions/" + PercentCoding.encodeForm(interaction["id"]?.string ?? "")
      definition = [
        "description": ["en-US": .string(interaction["description"]?.string ?? "")],
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
      ]
    }
    var statement: JSONValue = [
      "id": .string(identifier.text),
      "actor": [
        "objectType": "Agent", "name": .string(name),
        "account": [
          "homePage": "https://sandbox.invalid", "name": .string(learner.identifier.text),
        ],
      ],
      "verb": verb.value,
      "objectActivity": [
        "objectType": "Activity", "id": .string(object), "definition": definition,
      ],
    ]
    statement.set("result", result(verb, report, interaction))
    statement.set("context", ["registration": .string(xapi), "platform": "scorm-gateway sandbox"])
    statement.set("timestamp", .string(now.text))
    statement.set("stored", .string(now.text))
    statement.set(
      "authority",
      [
        "objectType": "Agent", "name": "sandbox",
        "account": ["homePage": "https://sandbox.invalid", "name": "sandbox"],
      ])
    return statement
  }

  /// `XapiResult`; nil for a statement without one.
  private static func result(_ verb: Verb, _ report: ProgressReport, _ interaction: JSONValue?)
    -> JSONValue?
  {
    var result: JSONValue = [:]
    switch verb {
    case .launched, .exited: return nil
    case .answered:
      result.set("response", interaction?["learnerResponse"])
      let outcome = interaction?["result"]?.string?.lowercased()
      if outcome == "correct" || outcome == "incorrect" || outcome == "wrong" {
        result.set("success", .boolean(outcome == "correct"))
      }
    case .completed: result.set("completion", true)
    case .passed: result.set("success", true)
    case .failed: result.set("success", false)
    }
    if verb != .answered, let score = report.score {
      result.set(
        "score",
        ["scaled": .number(score / 100), "raw": .number(score), "min": 0, "max": 100])
    }
    return result.members.isEmpty ? nil : result
  }

  /// A page of `XapiStatementResult`: the statements between `since` and `until`, newest first.
  static func page(_ statements: [JSONValue], _ scan: ListScan) throws(Refusal) -> LocalResponse {
    let since = scan.filters["since"].flatMap(Timestamp.init(_:))
    let until = scan.filters["until"].flatMap(Timestamp.init(_:))
    let timed = statements.enumerated().compactMap { index, statement in
      (statement["stored"]?.string.flatMap(Timestamp.init(_:))).map { (index, $0, statement) }
    }
    let found = timed.filter { _, time, _ in
      (since.map { time >= $0 } ?? true) && (until.map { time <= $0 } ?? true)
    }
    let ordered = found.sorted { ($0.1, $0.0) > ($1.1, $1.0) }
    return scan.page(of: ordered.map(\.2), named: "statements")
  }
}
