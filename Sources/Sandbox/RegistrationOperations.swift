internal import LocalServer
internal import SCORMCloudAPI

/// Registration calls: create, look up, list, launch, instances, delete.
enum RegistrationOperations {
  static let rule = ListRule<Registration>(
    member: "registrations",
    texts: [
      ("registration_id", { $0.identifier.text }),
      ("learner_id", { $0.value.learner.identifier.text }),
      ("learner_first_name", { $0.value.learner.firstName }),
      ("learner_last_name", { $0.value.learner.lastName }),
      ("learner_email", { $0.value.learner.email }),
      ("course_id", { $0.value.course.text }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: { $0.value.tags.texts },
    times: "created", order: "created_desc", isChronological: true)

  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let (course, learner) = (scan.wanted("courseId"), scan.wanted("learnerId"))
    return try scan.page(
      of: state.registrations, rule,
      where: { found in
        (course.map { $0 == found.value.course } ?? true)
          && (learner.map { $0 == found.value.learner.identifier } ?? true)
      },
      value: { state.value($0, $1, $1.latest, scan.filters) })
  }

  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let identifier = Identifier(checking: body["registrationId"]?.string) else {
      throw .message(400, "registrationId of 1 to 255 characters is required.")
    }
    guard let courseID = Identifier(checking: body["courseId"]?.string) else {
      throw .message(400, "courseId of 1 to 255 characters is required.")
    }
    guard let learner = body["learner"], let learnerID = Identifier(checking: learner["id"]?.string)
    else { throw .message(400, "learner.id of 1 to 255 characters is required.") }
    let course = try state.course(courseID)
    var version = course.latest
    if let wanted = call.query["courseVersion"], !wanted.isEmpty {
      version = try course.version(Identifier(wanted), of: courseID)
    }
    guard state.registrations[identifier] == nil else {
      throw .message(400, "Registration with id [\(identifier)] already exists")
    }
    var registration = Registration()
    registration.course = courseID
    registration.learner.identifier = learnerID
    try registration.learner.take(learner)
    registration.created = call.now
    try registration.tags.add(body["registrationTags"]?.strings ?? [])
    if let postBack = body["postBack"], postBack != .null {
      try PostbackOperations.check(postBack)
      registration.postBack = postBack
    }
    if let settings = body["initialSettings"], settings != .null {
      registration.settings = try ConfigurationOperations.settings(settings)
    }
    var instance = state.instance(number: 0, courseVersion: version.number, now: call.now)
    if let xapi = body["xapiRegistrationId"]?.string {
      guard Identifier.isUUID(xapi) else {
        throw .message(400, "xapiRegistrationId [\(xapi)] is not a UUID.")
      }
      instance.xapiRegistration = xapi
    }
    if let initial = body["initialRegistrationState"], initial != .null {
      instance.progress = Progress.initial(initial, course, version)
    }
    registration.instances = [instance]
    guard state.registrations.insert(registration, at: identifier) else {
      throw .full(state.registrations.limit, "registrations")
    }
    try state.tag(learner: learnerID, course: courseID, registration: nil, body)
    return .done
  }

  /// HEAD: 200 or 404 without a body.
  static func exists(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.registration(try call.parameter(0))
    return .value([:])
  }

  /// The progress of the newest instance, or of the instance that the path names.
  static func progress(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (registration, instance) = try state.instance(call)
    return .value(state.value(try call.parameter(0), registration, instance, call.query))
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.registration(identifier)
    state.registrations.remove(identifier)
    return .done
  }

  /// Deletes progress and launch history. The registration is then for the newest version of its course (client: "will
  /// automatically register itself for the latest version of the course").
  static func resetProgress(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let registration = try state.registration(identifier)
    let version = state.courses[registration.course]?.latest.number
    state.registrations.update(identifier) { registration in
      registration.update(nil) { instance in
        instance.progress = nil
        instance.launches = []
        instance.statements = []
        instance.courseVersion = version ?? instance.courseVersion
        instance.updated = call.now
      }
    }
    return .done
  }

  /// Deletes the progress towards global objectives.
  static func resetGlobalData(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.registration(identifier)
    state.registrations.update(identifier) { registration in
      registration.update(nil) { instance in
        if instance.progress != nil {
          instance.progress?.set("globalObjectives", [])
          instance.progress?.set("sharedData", [])
        }
        instance.updated = call.now
      }
    }
    return .done
  }

  static func launchLink(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let registration = try state.registration(identifier)
    let body = try call.object()
    let answer = try LaunchLink.answer(
      &state, call, .registration, subject: identifier, part: -1, isExitRequired: true)
    try state.tag(
      learner: registration.learner.identifier, course: registration.course,
      registration: identifier, body)
    return answer
  }

  static func launchHistory(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let launches = try state.instance(call).instance.launches
    let hasLog = call.query.isTrue("includeHistoryLog")
    return .value([
      "launchHistory": .array(hasLog ? launches : launches.map { $0.without("historyLog") })
    ])
  }

  static func statements(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (registration, instance) = try state.instance(call)
    let found =
      call.parameters.count > 1 ? instance.statements : registration.instances.flatMap(\.statements)
    return try LearningRecord.page(found, try ListScan(call))
  }

  // Instances.

  static func createInstance(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.registration(identifier)
    try state.addInstance(to: identifier, call.now)
    return .done
  }

  static func instances(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let registration = try state.registration(identifier)
    let scan = try ListScan(call)
    let since = scan.filters["since"].flatMap(Timestamp.init(_:))
    let until = scan.filters["until"].flatMap(Timestamp.init(_:))
    let found = registration.instances.filter { instance in
      (since.map { instance.updated >= $0 } ?? true)
        && (until.map { instance.updated <= $0 } ?? true)
    }
    return scan.page(
      of: found.map { state.value(identifier, registration, $0, scan.filters) },
      named: "registrations")
  }

  /// Deleting the last instance deletes the registration (client: "the registration itself will be deleted").
  static func deleteInstance(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (registration, instance) = try state.instance(call)
    guard registration.instances.count > 1 else { return try delete(&state, call) }
    state.registrations.update(try call.parameter(0)) { registration in
      registration.instances.removeAll { $0.number == instance.number }
    }
    return .done
  }
}

extension ApplicationState {
  /// The registration that the path's first parameter names, and the instance that the second names, or the newest.
  func instance(_ call: CloudCall) throws(Refusal) -> (
    registration: Registration, instance: Instance
  ) {
    let registration = try registration(try call.parameter(0))
    let names = call.operation.template.description
    guard names.contains("{instanceId}") else { return (registration, registration.latest) }
    let wanted = try call.parameter(1)
    guard let number = Int(wanted.text),
      let instance = registration.instances.first(where: { $0.number == number })
    else { throw .missing("registration instance", wanted) }
    return (registration, instance)
  }

  mutating func instance(number: Int, courseVersion: Int, now: Timestamp) -> Instance {
    var instance = Instance()
    instance.number = number
    instance.courseVersion = courseVersion
    instance.updated = now
    serial += 1
    instance.serial = serial
    return instance
  }

  /// Starts a registration again, with the newest version of its course.
  mutating func addInstance(to identifier: Identifier, _ now: Timestamp) throws(Refusal) {
    guard let registration = registrations[identifier] else { return }
    guard registration.instances.count < ApplicationState.maximumInstances else {
      throw .message(
        400,
        "The sandbox keeps at most \(ApplicationState.maximumInstances) instances per registration."
      )
    }
    let version = courses[registration.course]?.latest.number
    let new = instance(
      number: registration.latest.number + 1,
      courseVersion: version ?? registration.latest.courseVersion, now: now)
    registrations.update(identifier) { $0.instances.append(new) }
  }

  /// Adds the tags in a `CreateRegistrationSchema` or a `LaunchLinkRequestSchema` to their subjects.
  mutating func tag(
    learner: Identifier, course: Identifier, registration: Identifier?, _ body: JSONValue
  ) throws(Refusal) {
    for (field, kind, identifier) in [
      ("learnerTags", Tagged.learner, learner), ("courseTags", .course, course),
      ("registrationTags", .registration, registration),
    ] {
      guard let identifier, let tags = body[field]?.strings, !tags.isEmpty else { continue }
      try withTags(kind, identifier) { (list) throws(Refusal) in try list.add(tags) }
    }
  }

  /// `RegistrationSchema`. The query decides which parts of the activities are included.
  func value(
    _ identifier: Identifier, _ registration: Registration, _ instance: Instance,
    _ query: FormFields
  ) -> JSONValue {
    let course = courses[registration.course]
    let xapi = instance.xapiRegistration ?? identifiers.identifier(serial: instance.serial).text
    let progress = instance.progress ?? Progress.none(course)
    var value: JSONValue = [
      "id": .string(identifier.text), "instance": .integer(instance.number),
      "xapiRegistrationId": .string(xapi), "updated": .string(instance.updated.text),
    ]
    value.set("dispatchId", registration.dispatch.map { .string($0.text) })
    value.take(Progress.outcome, from: progress)
    value.set("createdDate", .string(registration.created.text))
    value.set(
      "course",
      [
        "id": .string(registration.course.text), "title": .string(course?.title ?? ""),
        "version": .integer(instance.courseVersion),
      ])
    value.set("learner", registration.learner.value)
    value.set("tags", .strings(registration.tags.texts))
    value.take(Progress.details, from: progress)
    if let activities = progress["activityDetails"] {
      value.set("activityDetails", Progress.shown(activities, query))
    }
    return value
  }
}
