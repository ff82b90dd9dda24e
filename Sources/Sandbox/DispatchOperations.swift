internal import LocalServer
internal import TextCoding

/// Calls for single dispatches, and bulk calls with a filter.
enum DispatchOperations {
  /// Defaults of `CreateDispatchSchema` for some of the fields that a body may hold.
  private static let defaults: JSONValue = [
    "allowNewRegistrations": true, "instanced": true, "registrationCap": 0, "enabled": true,
  ]
  private static let fields = [
    "allowNewRegistrations", "instanced", "registrationCap", "expirationDate", "enabled", "email",
    "notes", "postBack",
  ]

  static let rule = ListRule<Document>(
    member: "dispatches",
    texts: [
      ("dispatch_id", { $0.identifier.text }),
      ("course_id", { $0.value.text("courseId") }),
      ("destination_id", { $0.value.text("destinationId") }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: { $0.value.tags.texts })

  /// Creates all dispatches of the body, or none. A course and a destination have at most one dispatch. If it exists, a
  /// body without an id changes it, and a body with an id is an error (client).
  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let items = try call.object()["dispatches"]?.elements else {
      throw .message(400, "dispatches must be a list.")
    }
    let before = (state.dispatches, state.identifiers)
    do {
      for item in items { try create(item, &state, call) }
    } catch {
      (state.dispatches, state.identifiers) = before
      throw error
    }
    return .done
  }

  private static func create(
    _ item: JSONValue, _ state: inout ApplicationState, _ call: CloudCall
  ) throws(Refusal) {
    guard let data = item["data"],
      let destination = Identifier(checking: data["destinationId"]?.string),
      let course = Identifier(checking: data["courseId"]?.string)
    else { throw .message(400, "A dispatch needs data.destinationId and data.courseId.") }
    _ = try state.destination(destination)
    _ = try state.course(course)
    let old = state.dispatches(of: destination).first {
      state.dispatches[$0]?.text("courseId") == course.text
    }
    let given = item["id"]?.string ?? ""
    if given.isEmpty, let old {
      try change(old, data, &state, call)
      return
    }
    guard given.isEmpty || Identifier(checking: given) != nil else {
      throw .message(400, "A dispatch's id has 1 to 255 characters.")
    }
    let identifier = given.isEmpty ? state.identifiers.identifier() : Identifier(given)
    guard state.dispatches[identifier] == nil else {
      throw .message(400, "Dispatch [\(identifier)] already exists")
    }
    if let old {
      throw .message(
        400,
        "Dispatch [\(old)] already exists for course [\(course)] and destination [\(destination)]")
    }
    var made = Document(
      ["destinationId": .string(destination.text), "courseId": .string(course.text)],
      created: call.now)
    made.fields.take(
      ["allowNewRegistrations", "instanced", "registrationCap", "enabled"], from: defaults)
    guard state.dispatches.insert(made, at: identifier) else {
      throw .full(state.dispatches.limit, "dispatches")
    }
    try change(identifier, data, &state, call)
    state.dispatches.update(identifier) { $0.updated = $0.created }
  }

  private static func change(
    _ identifier: Identifier, _ data: JSONValue, _ state: inout ApplicationState, _ call: CloudCall
  ) throws(Refusal) {
    if let cap = data["registrationCap"]?.integer, cap < 0 {
      throw .message(400, "registrationCap must not be negative.")
    }
    if let postBack = data["postBack"], postBack != .null { try PostbackOperations.check(postBack) }
    try state.dispatches.update(identifier) { (dispatch) throws(Refusal) in
      try dispatch.tags.add(data["tags"]?.strings ?? [])
      dispatch.fields.take(fields, from: data)
      if let count = data["registrationCount"]?.integer {
        dispatch["registrationCount"] = .integer(max(0, count))
      }
      dispatch.updated = call.now
    }
  }

  /// `DispatchSchema`.
  private static func value(_ dispatch: Document, _ state: ApplicationState) -> JSONValue {
    let (destination, course) = (dispatch.text("destinationId"), dispatch.text("courseId"))
    var value: JSONValue = [
      "destinationId": .string(destination),
      "destinationName": .string(state.destinations[Identifier(destination)]?.text("name") ?? ""),
      "courseId": .string(course),
      "courseTitle": .string(state.courses[Identifier(course)]?.title ?? ""),
      "updated": .string(dispatch.updated.text), "created": .string(dispatch.created.text),
    ]
    value.take(
      ["allowNewRegistrations", "enabled", "instanced", "registrationCap"], from: dispatch.fields)
    value.set("registrationCount", .integer(dispatch.count))
    value.take(["registrationResetDate", "expirationDate"], from: dispatch.fields)
    value.set("tags", .strings(dispatch.tags.texts))
    value.take(["email", "notes"], from: dispatch.fields)
    return value
  }

  private static func isMeant(_ dispatch: Document, _ scan: ListScan) -> Bool {
    guard scan.includes(dispatch.identifier("courseId"), named: "courseId") else { return false }
    guard let wanted = scan.filters["isEnabled"], !wanted.isEmpty else { return true }
    return dispatch["enabled"] == .boolean(wanted.lowercased() == "true")
  }

  /// All dispatches, or those of the destination that the path names.
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let destination = call.parameters.first
    if let destination { _ = try state.destination(destination) }
    return try scan.page(
      of: state.dispatches, rule,
      where: { found in
        isMeant(found.value, scan)
          && (destination.map { found.value.text("destinationId") == $0.text } ?? true)
      },
      value: { ["id": .string($0.text), "data": value($1, state)] })
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(value(try state.dispatch(try call.parameter(0)), state))
  }

  static func update(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    try change(identifier, try call.object(), &state, call)
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    state.dispatches.remove(identifier)
    return .done
  }

  /// The dispatches that a bulk call selects. At least one filter is required, so that a forgotten query does not
  /// change everything.
  private static func bulk(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> [Identifier]
  {
    let filters = ["courseId", "since", "until", "tags", "filter"]
    guard filters.contains(where: { call.query[$0]?.isEmpty == false }) else {
      throw .message(400, "At least one filter parameter is required.")
    }
    let scan = try ListScan(call)
    let filter = try ListFilter(call.query, rule)
    var found: [Identifier] = []
    state.dispatches.forEachSlot { slot in
      if isMeant(slot.value, scan), filter.includes(slot) {
        found.append(slot.identifier)
      }
    }
    return found
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
    for identifier in identifiers { try change(identifier, data, &state, call) }
    return changed(identifiers.count)
  }

  static func deleteAll(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifiers = try bulk(state, call)
    for identifier in identifiers { state.dispatches.remove(identifier) }
    return changed(identifiers.count)
  }

  /// The flag in an `EnabledSchema`.
  static func enabled(_ call: CloudCall) throws(Refusal) -> Bool {
    guard let isEnabled = try call.object()["enabled"]?.boolean else {
      throw .message(400, "enabled must be true or false.")
    }
    return isEnabled
  }

  /// Answers with a flag of one dispatch.
  static func flag(_ field: String) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      .value(["enabled": try state.dispatch(try call.parameter(0))[field] ?? false])
    }
  }

  static func setFlag(_ field: String) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let identifier = try call.parameter(0)
      _ = try state.dispatch(identifier)
      let isEnabled = try enabled(call)
      state.dispatches.update(identifier) { dispatch in
        dispatch[field] = .boolean(isEnabled)
        dispatch.updated = call.now
      }
      return .done
    }
  }

  static func registrationCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let dispatch = try state.dispatch(try call.parameter(0))
    var value: JSONValue = ["registrationCount": .integer(dispatch.count)]
    value.set("lastResetDate", dispatch["registrationResetDate"])
    return .value(value)
  }

  static func resetCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    state.dispatches.update(identifier) { $0.resetCount(call.now) }
    return .done
  }

  static func deletePostback(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    state.dispatches.update(identifier) { dispatch in
      dispatch["postBack"] = nil
      dispatch.updated = call.now
    }
    return .done
  }

  // Packages and LTI.

  /// SCORM 1.2 is the only type that exists (client).
  static func checkType(_ call: CloudCall) throws(Refusal) {
    guard let type = call.query["type"], !type.isEmpty else { return }
    guard type.uppercased() == "SCORM12" || type.uppercased() == "SCORM_12" else {
      throw .message(400, "Only dispatch packages of type SCORM12 are supported, not [\(type)].")
    }
  }

  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    try checkType(call)
    let identifier = try call.parameter(0)
    let dispatch = try state.dispatch(identifier)
    return .file(.bytes(package(identifier, dispatch, state, call)), type: "application/zip")
  }

  /// A SCORM 1.2 package with one page that redirects to the sandbox.
  static func package(
    _ identifier: Identifier, _ dispatch: Document, _ state: ApplicationState, _ call: CloudCall
  ) -> [UInt8] {
    let title = state.courses[Identifier(dispatch.text("courseId"))]?.title ?? ""
    let link = LaunchLink.url(
      .dispatch, Identifier(PercentCoding.encodeForm(identifier.text)), call)
    var archive = ZipWriter()
    archive.add("imsmanifest.xml", Array(DispatchPackage.manifest(title).utf8))
    archive.add(
      "index.html",
      Array(DispatchPackage.page(title, link: link, css: call.query["cssUrl"] ?? "").utf8))
    return archive.finished
  }

  /// `DispatchLtiInfoSchema`, with a secret that is valid nowhere.
  static func lti(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    return .value([
      "url": .string("\(LaunchLink.origin(call))/api/cloud/lti"),
      "consumerKey": .string(identifier.text), "sharedSecret": "sandbox-lti-secret",
    ])
  }

  static func lti13(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.dispatch(identifier)
    let name = Identifier(PercentCoding.encodeForm(identifier.text))
    return .value(["targetLinkUri": .string(LaunchLink.url(.dispatch, name, call))])
  }

  /// 302 to the URL where the learner's browser opens the course.
  static func lti13Launch(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let name = Identifier(PercentCoding.encodeForm(try call.parameter(0).text))
    return LocalResponse(
      status: 302, fields: [(name: "Location", value: LaunchLink.url(.dispatch, name, call))])
  }
}

// A dispatch's convenience counter (client: "may not match the actual billed registration count").
extension Document {
  var count: Int { self["registrationCount"]?.integer ?? 0 }

  mutating func resetCount(_ now: Timestamp) {
    self["registrationCount"] = 0
    self["registrationResetDate"] = .string(now.text)
    updated = now
  }
}
