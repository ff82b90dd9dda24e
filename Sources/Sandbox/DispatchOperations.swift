internal import LocalServer

/// Dispatches one by one, and in bulk by filter.
enum DispatchOperations {
  /// A zip archive without members: its end-of-directory record (APPNOTE section 4.3.16).
  static let emptyArchive: [UInt8] = [0x50, 0x4B, 0x05, 0x06] + [UInt8](repeating: 0, count: 18)

  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let items = try call.object()["dispatches"]?.elements else {
      throw .message(400, "dispatches must be a list.")
    }
    for item in items {
      guard let identifier = Identifier(checking: item["id"]?.string), let data = item["data"],
        let destination = Identifier(checking: data["destinationId"]?.string),
        let course = Identifier(checking: data["courseId"]?.string)
      else { throw .message(400, "A dispatch needs an id, data.destinationId and data.courseId.") }
      _ = try state.destination(destination)
      _ = try state.course(course)
      guard state.dispatches[identifier] == nil else {
        throw .message(400, "Dispatch [\(identifier)] already exists")
      }
      var dispatch = Dispatch(
        destination: destination, course: course, created: call.now, updated: call.now)
      change(&dispatch, data)
      guard state.dispatches.insert(dispatch, at: identifier) else {
        throw .full(state.dispatches.limit, "dispatches")
      }
    }
    return .done
  }

  /// Takes over what `data` says, and leaves what it does not mention.
  private static func change(_ dispatch: inout Dispatch, _ data: JSONValue) {
    dispatch.isEnabled = data["enabled"]?.boolean ?? dispatch.isEnabled
    dispatch.isInstanced = data["instanced"]?.boolean ?? dispatch.isInstanced
    dispatch.registrationCap = data["registrationCap"]?.integer ?? dispatch.registrationCap
    dispatch.allowsNewRegistrations =
      data["allowNewRegistrations"]?.boolean ?? dispatch.allowsNewRegistrations
  }

  /// `DispatchSchema`.
  private static func value(
    _ identifier: Identifier, _ dispatch: Dispatch, _ state: ApplicationState
  ) -> JSONValue {
    [
      "destinationId": .string(dispatch.destination.text),
      "destinationName": .string(state.destinations[dispatch.destination]?.name ?? ""),
      "courseId": .string(dispatch.course.text),
      "courseTitle": .string(state.courses[dispatch.course]?.title ?? ""),
      "created": .string(dispatch.created.text), "updated": .string(dispatch.updated.text),
      "allowNewRegistrations": .boolean(dispatch.allowsNewRegistrations),
      "enabled": .boolean(dispatch.isEnabled), "instanced": .boolean(dispatch.isInstanced),
      "registrationCap": .integer(dispatch.registrationCap), "registrationCount": 0,
      "tags": .strings(state.tags[Thing(.dispatch, identifier)]),
    ]
  }

  private static func found(_ scan: ListScan, in state: ApplicationState)
    -> [(identifier: Identifier, value: Dispatch)]
  {
    state.dispatches.entries.filter { entry in
      scan.includes(entry.value.course, named: "courseId")
        && scan.includes(created: entry.value.created, updated: entry.value.updated)
        && scan.includes(tags: state.tags[Thing(.dispatch, entry.identifier)])
        && scan.includes(text: [entry.identifier.text])
        && (scan.filters["isEnabled"].map { ($0.lowercased() == "true") == entry.value.isEnabled }
          ?? true)
    }
  }

  /// All dispatches, or those of the destination that the path names.
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    var entries = found(scan, in: state)
    if !call.parameters.isEmpty {
      let destination = try call.parameter(0)
      _ = try state.destination(destination)
      entries.removeAll { $0.value.destination != destination }
    }
    return try scan.page(of: entries, named: "dispatches") { entry in
      [
        "id": .string(entry.identifier.text), "data": value(entry.identifier, entry.value, state),
      ]
    }
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    return .value(value(identifier, try state.dispatch(identifier), state))
  }

  static func update(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    let data = try call.object()
    _ = state.dispatches.update(identifier) { dispatch in
      change(&dispatch, data)
      dispatch.updated = call.now
    }
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    state.removeDispatch(identifier)
    return .done
  }

  /// The dispatches that a bulk change is about. At least one filter is required, lest a forgotten query
  /// change everything.
  private static func bulk(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> [Identifier]
  {
    let filters = ["courseId", "since", "until", "tags", "filter"]
    guard filters.contains(where: { call.query[$0]?.isEmpty == false }) else {
      throw .message(400, "At least one filter parameter is required.")
    }
    return found(try ListScan(call), in: state).map(\.identifier)
  }

  /// 204 with the number of changed dispatches in `X-Total-Count`.
  private static func changed(_ count: Int) -> LocalResponse {
    LocalResponse(status: 204, fields: [(name: "X-Total-Count", value: String(count))])
  }

  static func updateAll(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let data = try call.object()
    let identifiers = try bulk(state, call)
    for identifier in identifiers {
      _ = state.dispatches.update(identifier) { dispatch in
        change(&dispatch, data)
        dispatch.updated = call.now
      }
    }
    return changed(identifiers.count)
  }

  static func deleteAll(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifiers = try bulk(state, call)
    for identifier in identifiers { state.removeDispatch(identifier) }
    return changed(identifiers.count)
  }

  /// The flag of an `EnabledSchema`.
  static func enabled(_ call: CloudCall) throws(Refusal) -> Bool {
    guard let isEnabled = try call.object()["enabled"]?.boolean else {
      throw .message(400, "enabled must be true or false.")
    }
    return isEnabled
  }

  static func isEnabled(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(["enabled": .boolean(try state.dispatch(try call.parameter(0)).isEnabled)])
  }

  static func setEnabled(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    let isEnabled = try enabled(call)
    _ = state.dispatches.update(identifier) { dispatch in
      dispatch.isEnabled = isEnabled
      dispatch.updated = call.now
    }
    return .done
  }

  static func hashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(["enabled": .boolean(try state.dispatch(try call.parameter(0)).hashesUserInfo)])
  }

  static func setHashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    let hashes = try enabled(call)
    _ = state.dispatches.update(identifier) { $0.hashesUserInfo = hashes }
    return .done
  }

  /// Dispatched packages are never launched here.
  static func registrationCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let dispatch = try state.dispatch(try call.parameter(0))
    return .value(["registrationCount": 0, "lastResetDate": .string(dispatch.created.text)])
  }

  /// Counts and postbacks: nothing to undo.
  static func reset(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.dispatch(try call.parameter(0))
    return .done
  }

  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.dispatch(try call.parameter(0))
    return .file(.bytes(emptyArchive), type: "application/zip")
  }

  /// `DispatchLtiInfoSchema`, with a secret of no use anywhere.
  static func lti(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    return .value([
      "url": "https://cloud.scorm.com/sandbox-lti", "consumerKey": .string(identifier.text),
      "sharedSecret": "sandbox-lti-secret",
    ])
  }
}
