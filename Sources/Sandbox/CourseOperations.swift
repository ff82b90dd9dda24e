internal import LocalServer

/// Courses: list, look up, rename, download, delete, preview.
enum CourseOperations {
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let found = state.courses.entries.filter { entry in
      scan.includes(created: entry.value.latest.created, updated: entry.value.latest.updated)
        && scan.includes(tags: state.tags[Thing(.course, entry.identifier)])
        && scan.includes(text: [entry.value.title, entry.identifier.text])
    }
    return try scan.page(of: found, named: "courses") { value($0.value, in: state, call) }
  }

  private static func value(_ course: Course, in state: ApplicationState, _ call: CloudCall)
    -> JSONValue
  {
    value(course, course.latest, in: state, call)
  }

  private static func value(
    _ course: Course, _ version: Course.Version, in state: ApplicationState, _ call: CloudCall
  ) -> JSONValue {
    var count: Int?
    if call.query.isTrue("includeRegistrationCount") {
      count = state.registrations.entries.count { $0.value.course == course.identifier }
    }
    return course.value(
      version, tags: state.tags[Thing(.course, course.identifier)], registrations: count)
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(value(try state.course(try call.parameter(0)), in: state, call))
  }

  static func versions(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    return .value([
      "courses": .array(course.versions.map { value(course, $0, in: state, call) })
    ])
  }

  static func version(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    return .value(value(course, try course.version(try call.parameter(1)), in: state, call))
  }

  static func deleteVersion(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    var course = try state.course(try call.parameter(0))
    let version = try course.version(try call.parameter(1))
    guard course.removeVersion(version.number) else {
      throw .message(400, "The only version of a course cannot be deleted.")
    }
    _ = state.courses.insert(course, at: course.identifier)
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
    _ = state.courses.update(identifier) { course in
      course.title = title
      course.touch(call.now)
    }
    return .done
  }

  /// Deletes a course with everything that hangs on it: "everything connected to this course" (course
  /// service page).
  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.course(identifier)
    for entry in state.registrations.entries where entry.value.course == identifier {
      state.removeRegistration(entry.identifier)
    }
    for entry in state.dispatches.entries where entry.value.course == identifier {
      state.removeDispatch(entry.identifier)
    }
    _ = state.courses.remove(identifier)
    state.forgetDetails(of: .course, identifier)
    return .done
  }

  /// As many zero bytes as were uploaded: large downloads cost no memory.
  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    let version =
      call.parameters.count > 1 ? try course.version(try call.parameter(1)) : course.latest
    return .file(.zeros(count: version.size), type: "application/zip")
  }

  static func files(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    if call.parameters.count > 1 { _ = try course.version(try call.parameter(1)) }
    return .value(["files": []])
  }

  static func preview(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    if call.parameters.count > 1 { _ = try course.version(try call.parameter(1)) }
    return try LaunchLink.answer(call, path: "course/preview")
  }

  /// Statement lists are empty: nothing is ever launched.
  static func statements(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let course = try state.course(try call.parameter(0))
    if call.parameters.count > 1 { _ = try course.version(try call.parameter(1)) }
    return .value(["statements": []])
  }
}
