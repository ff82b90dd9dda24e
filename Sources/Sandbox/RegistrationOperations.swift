internal import LocalServer

/// Registrations: create, look up, list, launch, instances, delete.
enum RegistrationOperations {
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let found = state.registrations.entries.filter { entry in
      scan.includes(entry.value.course, named: "courseId")
        && scan.includes(entry.value.learner.identifier, named: "learnerId")
        && scan.includes(created: entry.value.created, updated: entry.value.updated)
        && scan.includes(tags: state.tags[Thing(.registration, entry.identifier)])
        && scan.includes(text: [entry.identifier.text, entry.value.learner.identifier.text])
    }
    return try scan.page(of: found, named: "registrations") { value($0.value, in: state) }
  }

  private static func value(
    _ registration: Registration, instance: Int? = nil, in state: ApplicationState
  ) -> JSONValue {
    registration.value(
      instance: instance ?? registration.instances.last ?? 0,
      courseTitle: state.courses[registration.course]?.title ?? "",
      tags: state.tags[Thing(.registration, registration.identifier)])
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
    if let wanted = call.query["courseVersion"] { version = try course.version(Identifier(wanted)) }
    guard state.registrations[identifier] == nil else {
      throw .message(400, "Registration with id [\(identifier)] already exists")
    }
    let tags = body["registrationTags"]?.strings ?? []
    try TagBook.check(tags)
    let registration = Registration(
      identifier: identifier, course: courseID, courseVersion: version.number,
      learner: try LearnerOperations.learner(learnerID, learner), created: call.now,
      updated: call.now)
    guard state.registrations.insert(registration, at: identifier) else {
      throw .full(state.registrations.limit, "registrations")
    }
    if !tags.isEmpty { state.tags[Thing(.registration, identifier)] = tags }
    return .done
  }

  /// HEAD: 200 or 404 without a body.
  static func exists(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.registration(try call.parameter(0))
    return .value([:])
  }

  static func progress(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(value(try state.registration(try call.parameter(0)), in: state))
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let registration = try state.registration(try call.parameter(0))
    state.removeRegistration(registration.identifier)
    return .done
  }

  /// Progress and global data are never more than their beginning, so deleting them leaves what is there.
  static func reset(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let registration = try state.registration(try call.parameter(0))
    _ = state.registrations.update(registration.identifier) { $0.updated = call.now }
    return .done
  }

  static func launchLink(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.registration(try call.parameter(0))
    return try LaunchLink.answer(call, path: "registration/launch")
  }

  /// Nothing is ever launched.
  static func launchHistory(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try instance(state, call)
    return .value(["launchHistory": []])
  }

  static func statements(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try instance(state, call)
    return .value(["statements": []])
  }

  static func testPostback(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let url = try call.object()["url"]?.string, LaunchLink.isURL(url) else {
      throw .message(400, "A valid url to post to is required.")
    }
    return .done
  }

  // Instances.

  /// The registration and the instance that the path names: the newest one when it names none.
  private static func instance(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> (registration: Registration, number: Int)
  {
    let registration = try state.registration(try call.parameter(0))
    guard call.parameters.count > 1 else { return (registration, registration.instances.last ?? 0) }
    let wanted = try call.parameter(1)
    guard let number = Int(wanted.text), registration.instances.contains(number) else {
      throw .missing("registration instance", wanted)
    }
    return (registration, number)
  }

  static func createInstance(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let registration = try state.registration(try call.parameter(0))
    guard registration.instances.count < ApplicationState.maximumInstances else {
      throw .message(
        400,
        "The sandbox keeps at most \(ApplicationState.maximumInstances) instances per registration."
      )
    }
    _ = state.registrations.update(registration.identifier) { registration in
      registration.instances.append((registration.instances.last ?? -1) + 1)
      registration.updated = call.now
    }
    return .done
  }

  static func instances(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let registration = try state.registration(try call.parameter(0))
    let scan = try ListScan(call)
    return try scan.page(of: registration.instances, named: "registrations") {
      value(registration, instance: $0, in: state)
    }
  }

  static func instanceProgress(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (registration, number) = try instance(state, call)
    return .value(value(registration, instance: number, in: state))
  }

  static func deleteInstance(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (registration, number) = try instance(state, call)
    guard registration.instances.count > 1 else {
      throw .message(400, "The only instance of a registration cannot be deleted.")
    }
    _ = state.registrations.update(registration.identifier) { registration in
      registration.instances.removeAll { $0 == number }
      registration.updated = call.now
    }
    return .done
  }
}
