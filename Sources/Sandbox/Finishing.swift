/// What happens when a learner opens a course, works on it and leaves it: progress, history, statements and postbacks.
extension ApplicationState {
  /// The learner opens the course, which begins a launch. If the course has a newer version, a new instance begins
  /// (client: "automatically created when a learner launches a new version of the course").
  ///
  /// - Returns: the number of the instance that was launched.
  mutating func launch(_ identifier: Identifier, _ now: Timestamp) throws(Refusal) -> Int {
    let registration = try registration(identifier)
    let course = courses[registration.course]
    if let newest = course?.latest.number, registration.latest.courseVersion < newest {
      if registration.latest.progress == nil {
        registrations.update(identifier) { $0.update(nil) { $0.courseVersion = newest } }
      } else {
        try addInstance(to: identifier, now)
      }
    }
    let launch = identifiers.identifier()
    var number = 0
    registrations.update(identifier) { registration in
      registration.update(nil) { instance in
        number = instance.number
        var progress = instance.progress ?? Progress.none(course)
        if progress["registrationCompletion"] == "UNKNOWN" {
          progress.set("registrationCompletion", "INCOMPLETE")
        }
        if progress["firstAccessDate"] == nil { progress.set("firstAccessDate", .string(now.text)) }
        progress.set("lastAccessDate", .string(now.text))
        if var root = progress["activityDetails"] {
          root.set("attempts", .integer((root["attempts"]?.integer ?? 0) + 1))
          if root["activityCompletion"] == "UNKNOWN" {
            root.set("activityCompletion", "INCOMPLETE")
          }
          progress.set("activityDetails", root)
        }
        instance.progress = progress
        instance.launches.append([
          "id": .string(identifier.text), "instance": .integer(instance.number),
          "completionStatus": "UNKNOWN", "successStatus": "UNKNOWN", "totalSecondsTracked": 0,
          "launchTime": .string(now.text), "lastRuntimeUpdate": .string(now.text),
          "launchHistoryId": .string(launch.text),
        ])
        instance.updated = now
      }
    }
    record(.launched, identifier, number, ProgressReport(), now)
    return number
  }

  /// The learner did something: `report` becomes the registration's progress.
  ///
  /// - Parameter number: the instance; nil for the newest.
  mutating func finish(
    _ identifier: Identifier, instance number: Int?, _ report: ProgressReport,
    _ application: Identifier, _ now: Timestamp
  ) throws(Refusal) {
    var registration = try registration(identifier)
    let wanted = number ?? registration.latest.number
    guard let instance = registration.instances.first(where: { $0.number == wanted }) else {
      throw .missing("registration instance", Identifier("\(wanted)"))
    }
    // The control call needs no earlier launch: it begins one itself.
    let isLaunched = instance.launches.last.map { $0["exitTime"] == nil } ?? false
    var launched = wanted
    if !isLaunched, number == nil { launched = try launch(identifier, now) }
    registrations.update(identifier) { registration in
      registration.update(launched) { $0.take(report, now) }
    }
    for verb in LearningRecord.verbs(report) { record(verb, identifier, launched, report, now) }
    registration = try self.registration(identifier)
    guard let postBack = PostbackSettings.effective(registration, self),
      let current = registration.instances.first(where: { $0.number == launched })
    else { return }
    let data = value(
      identifier, registration, current,
      PostbackOperations.query(postBack["resultsFormat"]?.string))
    send(postBack, data, application, now: now)
  }

  private mutating func record(
    _ verb: LearningRecord.Verb, _ identifier: Identifier, _ number: Int,
    _ report: ProgressReport, _ now: Timestamp
  ) {
    guard let registration = registrations[identifier],
      let instance = registration.instances.first(where: { $0.number == number })
    else { return }
    let xapi = instance.xapiRegistration ?? identifiers.identifier(serial: instance.serial).text
    let interactions: [JSONValue?] = verb == .answered ? report.interactions : [nil]
    var statements: [JSONValue] = []
    for interaction in interactions {
      statements.append(
        LearningRecord.statement(
          identifiers.identifier(), verb, registration, instance.courseVersion, xapi,
          title: courses[registration.course]?.title ?? "", report, interaction, now))
    }
    registrations.update(identifier) { registration in
      registration.update(number) { instance in
        instance.statements += statements
        let excess = instance.statements.count - LearningRecord.maximumStatements
        if excess > 0 { instance.statements.removeFirst(excess) }
      }
    }
  }
}

extension Instance {
  /// Maximum number of launches kept per instance.
  private static var maximumLaunches: Int { 1_000 }

  fileprivate mutating func take(_ report: ProgressReport, _ now: Timestamp) {
    var progress = progress ?? Progress.none(nil)
    let tracked = (progress["totalSecondsTracked"]?.double ?? 0) + report.seconds
    if let completion = report.completion {
      progress.set("registrationCompletion", .string(completion))
      let amount = completion == "COMPLETED" ? 1 : progress["registrationCompletionAmount"]?.double
      progress.set("registrationCompletionAmount", amount.map { .number($0) })
      if completion == "COMPLETED", progress["completedDate"] == nil {
        progress.set("completedDate", .string(now.text))
      }
    }
    if let success = report.success { progress.set("registrationSuccess", .string(success)) }
    if let score = report.score { progress.set("score", ["scaled": .number(score)]) }
    progress.set("totalSecondsTracked", .number(tracked))
    if progress["firstAccessDate"] == nil { progress.set("firstAccessDate", .string(now.text)) }
    progress.set("lastAccessDate", .string(now.text))
    if !report.objectives.isEmpty {
      progress.set("globalObjectives", .array(report.objectives.map(Instance.objective)))
    }
    if !report.sharedData.isEmpty { progress.set("sharedData", .array(report.sharedData)) }
    let activities = progress["activityDetails"] ?? Progress.activity([:])
    progress.set(
      "activityDetails", Instance.activity(activities, report, tracked: tracked, isRoot: true))
    self.progress = progress
    updated = now
    if !launches.isEmpty {
      launches[launches.count - 1] = Instance.launch(launches[launches.count - 1], report, now)
    }
    if launches.count > Instance.maximumLaunches { launches.removeFirst() }
  }

  private static func launch(_ launch: JSONValue, _ report: ProgressReport, _ now: Timestamp)
    -> JSONValue
  {
    var launch = launch
    if let completion = report.completion { launch.set("completionStatus", .string(completion)) }
    if let success = report.success { launch.set("successStatus", .string(success)) }
    if let score = report.score { launch.set("score", ["scaled": .number(score)]) }
    let seconds = (launch["totalSecondsTracked"]?.double ?? 0) + report.seconds
    launch.set("totalSecondsTracked", .number(seconds))
    launch.set("lastRuntimeUpdate", .string(now.text))
    if report.exits { launch.set("exitTime", .string(now.text)) }
    launch.set("historyLog", .string("<RuntimeLog><commit time=\"\(now.text)\"/></RuntimeLog>"))
    return launch
  }

  /// The `ObjectiveSchema` for a `RuntimeObjectiveSchema`.
  private static func objective(_ runtime: JSONValue) -> JSONValue {
    var objective: JSONValue = ["primary": false]
    objective.set("id", runtime["id"])
    objective.set("objectiveSuccess", runtime["runtimeObjectiveSuccessStatus"] ?? "UNKNOWN")
    let completion = runtime["runtimeObjectiveCompletionStatus"]?.string ?? "UNKNOWN"
    objective.set(
      "objectiveCompletion",
      .string(ProgressReport.completions.contains(completion) ? completion : "INCOMPLETE"))
    for (field, wire) in [
      ("scoreMin", "scoreMin"), ("scoreMax", "scoreMax"), ("scoreRaw", "scoreRaw"),
    ] {
      objective.set(field, runtime[wire]?.string.flatMap { Double($0) }.map { .number($0) })
    }
    if let scaled = runtime["scoreScaled"]?.string.flatMap({ Double($0) }) {
      objective.set("score", ["scaled": .number(scaled * 100)])
    }
    return objective
  }

  /// The root and every activity below it take the report's outcome; only leaves have runtime data.
  private static func activity(
    _ activity: JSONValue, _ report: ProgressReport, tracked: Double, isRoot: Bool
  ) -> JSONValue {
    var activity = activity
    if let completion = report.completion {
      activity.set("activityCompletion", .string(completion))
      activity.set("completionAmount", ["scaled": completion == "COMPLETED" ? 100 : 0])
    }
    if let success = report.success { activity.set("activitySuccess", .string(success)) }
    if let score = report.score { activity.set("score", ["scaled": .number(score)]) }
    activity.set("timeTracked", .string(Progress.duration(tracked)))
    if !isRoot || activity["attempts"]?.integer == 0 { activity.set("attempts", 1) }
    if !report.objectives.isEmpty {
      activity.set("objectives", .array(report.objectives.map(objective)))
    }
    let children = activity["children"]?.elements ?? []
    activity.set(
      "children",
      .array(children.map { Instance.activity($0, report, tracked: tracked, isRoot: false) }))
    guard children.isEmpty else { return activity }
    activity.set("runtime", runtime(activity["runtime"] ?? [:], report, tracked: tracked))
    activity.set(
      "staticProperties",
      [
        "completionThreshold": "", "launchData": "", "maxTimeAllowed": "",
        "scaledPassingScoreUsed": false, "timeLimitAction": "",
      ])
    return activity
  }

  /// `RuntimeSchema`.
  private static func runtime(_ runtime: JSONValue, _ report: ProgressReport, tracked: Double)
    -> JSONValue
  {
    var runtime = runtime
    if let completion = report.completion { runtime.set("completionStatus", .string(completion)) }
    runtime.set("credit", "Credit")
    runtime.set("entry", "AbInitio")
    runtime.set("exit", report.exits ? "Normal" : "Suspend")
    runtime.set(
      "learnerPreference",
      ["audioLevel": 1, "language": "", "deliverySpeed": 1, "audioCaptioning": 0])
    runtime.set("location", runtime["location"] ?? "null")
    runtime.set("mode", "Normal")
    if let score = report.score {
      runtime.set("scoreScaled", .string(String(score / 100)))
      runtime.set("scoreRaw", .string(String(score)))
      runtime.set("scoreMin", "0")
      runtime.set("scoreMax", "100")
    }
    runtime.set("totalTime", .string(Progress.duration(tracked)))
    runtime.set("timeTracked", .string(Progress.duration(tracked)))
    if let success = report.success { runtime.set("runtimeSuccessStatus", .string(success)) }
    if let data = report.suspendData { runtime.set("suspendData", .string(data)) }
    runtime.set("learnerComments", runtime["learnerComments"] ?? [])
    runtime.set("lmsComments", runtime["lmsComments"] ?? [])
    if !report.interactions.isEmpty || runtime["runtimeInteractions"] == nil {
      runtime.set("runtimeInteractions", .array(report.interactions))
    }
    if !report.objectives.isEmpty || runtime["runtimeObjectives"] == nil {
      runtime.set("runtimeObjectives", .array(report.objectives))
    }
    return runtime
  }
}
