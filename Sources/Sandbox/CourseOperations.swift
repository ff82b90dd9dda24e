internal import LocalServer

/// Course calls: list, look up, rename, download, delete, preview.
enum CourseOperations {
  /// Time from the answer to a deletion until the course's registrations, invitations and dispatches are deleted too,
  /// in milliseconds. SCORM Cloud queues deletions, so callers still find registrations right after deleting a course.
  static let deletionDelay = 5_000

  static let rule = ListRule<Course>(
    member: "courses",
    texts: [
      ("course_id", { $0.identifier.text }), ("title", { $0.value.title }),
      ("course_title", { $0.value.title }),
    ],
    created: { $0.value.latest.created }, updated: { $0.value.latest.updated },
    tags: { $0.value.tags.texts },
    times: "updated", order: "created_desc")

  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    return try scan.page(of: state.courses, rule) {
      value($0, $1, $1.latest, state, scan.filters)
    }
  }

  /// `CourseSchema`.
  static func value(
    _ identifier: Identifier, _ course: Course, _ version: Course.Version,
    _ state: ApplicationState, _ query: FormFields
  ) -> JSONValue {
    let root = version.root(title: course.title)
    var members = [
      JSONMember("id", .string(identifier.text)), JSONMember("title", .string(course.title)),
      JSONMember(
        "xapiActivityId",
        .string(
          version.activityID.isEmpty
            ? LearningRecord.activity(identifier, version.number) : version.activityID)),
      JSONMember("created", .string(version.created.text)),
      JSONMember("updated", .string(version.updated.text)),
      JSONMember("version", .integer(version.number)),
      JSONMember("activityId", root["itemIdentifier"] ?? ""),
      JSONMember("courseLearningStandard", .string(version.learningStandard)),
      JSONMember("tags", .strings(course.tags.texts)),
      JSONMember("dispatched", .boolean(state.isDispatched(identifier))),
      JSONMember("rootActivity", root),
    ]
    if query.isTrue("includeRegistrationCount") {
      let count = state.registrations.count {
        $0.value.course == identifier
          && $0.value.instances.last?.courseVersion == version.number
      }
      members.append(JSONMember("registrationCount", .integer(count)))
    }
    if query.isTrue("includeCourseMetadata"), let metadata = version.metadata {
      members.append(JSONMember("metadata", metadata))
    }
    return .object(members)
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let course = try state.course(identifier)
    return .value(value(identifier, course, try state.version(call), state, call.query))
  }

  /// All versions, oldest first; `since` and `until` apply to the time of the last change.
  static func versions(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let course = try state.course(identifier)
    let since = call.query["since"].flatMap(Timestamp.init(_:))
    let until = call.query["until"].flatMap(Timestamp.init(_:))
    let found = course.versions.filter { version in
      (since.map { version.updated >= $0 } ?? true) && (until.map { version.updated <= $0 } ?? true)
    }
    return .value([
      "courses": .array(found.map { value(identifier, course, $0, state, call.query) })
    ])
  }

  /// Deleting the last version deletes the course (client: "the course itself will be deleted").
  static func deleteVersion(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let version = try state.version(call)
    guard try state.course(identifier).versions.count > 1 else { return try delete(&state, call) }
    state.courses.update(identifier) { $0.removeVersion(version.number) }
    return .done
  }

  static func setTitle(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.course(identifier)
    guard let title = try call.object()["title"]?.string, title.utf8.count <= 1_000 else {
      throw .message(400, "A title of up to 1000 bytes is required.")
    }
    state.courses.update(identifier) { course in
      course.title = title
      course.touch(call.now)
    }
    return .done
  }

  /// Deletes a course. Everything connected to it (client: registrations, invitations, dispatches) is deleted a moment
  /// later.
  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.course(identifier)
    state.courses.remove(identifier)
    state.deferred.append(
      DeferredWork(kind: .deletion, subject: identifier.text, delay: deletionDelay))
    return .done
  }

  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .file(try zipBody(state.version(call)), type: "application/zip")
  }

  /// The upload. A course that was not uploaded is sent as zero bytes of its size, so a large download needs no memory.
  private static func zipBody(_ version: Course.Version) -> LocalBody {
    version.content?.body ?? .zeros(count: version.size)
  }

  static func preview(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let version = try state.version(call)
    return try LaunchLink.answer(
      &state, call, .preview, subject: try call.parameter(0), part: version.number,
      isExitRequired: false)
  }

  /// Statements of the course's registrations, newest first.
  static func statements(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let version = call.parameters.count > 1 ? try state.version(call).number : nil
    let identifier = try call.parameter(0)
    _ = try state.course(identifier)
    let scan = try ListScan(call)
    var found: [JSONValue] = []
    state.registrations.forEachSlot { slot in
      guard slot.value.course == identifier,
        scan.includes(slot.value.learner.identifier, named: "learnerId")
      else { return }
      for instance in slot.value.instances
      where version == nil || version == instance.courseVersion {
        found += instance.statements
      }
    }
    return try LearningRecord.page(found, scan)
  }
}

extension ApplicationState {
  func isDispatched(_ course: Identifier) -> Bool {
    var isDispatched = false
    dispatches.forEachSlot { slot in
      isDispatched = isDispatched || slot.value.text("courseId") == course.text
    }
    return isDispatched
  }

  /// Deletes what belonged to a deleted course. If a new course has its identifier, that one's data stays.
  mutating func deleteRemains(of course: Identifier) {
    let successor = courses[course]?.created
    func isRemnant(_ created: Timestamp) -> Bool { successor.map { created < $0 } ?? true }
    for identifier in registrations.identifiers(where: {
      $0.value.course == course && isRemnant($0.value.created)
    }) {
      registrations.remove(identifier)
    }
    for identifier in dispatches.identifiers(where: {
      $0.value.text("courseId") == course.text && isRemnant($0.value.created)
    }) {
      dispatches.remove(identifier)
    }
    for identifier in invitations.identifiers(where: {
      $0.value.text("courseId") == course.text && isRemnant($0.value.created)
    }) {
      invitations.remove(identifier)
    }
  }
}
