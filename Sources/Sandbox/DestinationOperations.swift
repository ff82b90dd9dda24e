internal import LocalServer
internal import TextCoding

/// Destinations, and calls that change all dispatches of one.
enum DestinationOperations {
  /// Fields that a body may change; `created` and `updated` are ignored (client).
  private static let fields = ["name", "email", "notes", "launchAuth", "lti13Data"]

  static let rule = ListRule<Document>(
    member: "destinations",
    texts: [
      ("destination_id", { $0.identifier.text }),
      ("destination_name", { $0.value.text("name") }),
      ("name", { $0.value.text("name") }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: { $0.value.tags.texts })

  /// Creates all destinations of the body, or none.
  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let items = try call.object()["destinations"]?.elements else {
      throw .message(400, "destinations must be a list.")
    }
    var next = state.destinations
    for item in items {
      guard let identifier = Identifier(checking: item["id"]?.string) else {
        throw .message(400, "A destination needs an id of 1 to 255 characters.")
      }
      guard next[identifier] == nil else {
        throw .message(400, "Destination [\(identifier)] already exists")
      }
      let made = try document(item["data"] ?? [:], call.now)
      guard next.insert(made, at: identifier) else { throw .full(next.limit, "destinations") }
    }
    state.destinations = next
    return .done
  }

  private static func document(_ data: JSONValue, _ now: Timestamp) throws(Refusal) -> Document {
    try checkName(data, isRequired: true)
    var made = Document([:], created: now)
    made.fields.take(fields, from: data)
    try made.tags.add(data["tags"]?.strings ?? [])
    return made
  }

  private static func checkName(_ data: JSONValue, isRequired: Bool) throws(Refusal) {
    guard let name = data["name"], name != .null else {
      if isRequired { throw .message(400, "A destination needs a name.") }
      return
    }
    guard let text = name.string, !text.isEmpty, text.utf8.count <= 1_000 else {
      throw .message(400, "A destination's name has 1 to 1000 bytes.")
    }
  }

  /// `DestinationInfoSchema`.
  private static func value(
    _ identifier: Identifier, _ destination: Document, _ state: ApplicationState,
    _ query: FormFields
  ) -> JSONValue {
    var value: JSONValue = ["name": .string(destination.text("name"))]
    if query.isTrue("includeDispatchCount") {
      value.set("dispatchCount", .integer(state.dispatches(of: identifier).count))
    }
    value.set("updated", .string(destination.updated.text))
    value.set("created", .string(destination.created.text))
    value.set("tags", .strings(destination.tags.texts))
    value.take(["email", "notes", "launchAuth", "lti13Data"], from: destination.fields)
    return value
  }

  /// Lists destinations; `courseId` selects those that the course is dispatched to.
  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    var list = state.destinations
    if let course = scan.filters["courseId"], !course.isEmpty {
      var named: Set<String> = []
      state.dispatches.forEachSlot { slot in
        if slot.value.text("courseId") == course { named.insert(slot.value.text("destinationId")) }
      }
      for identifier in list.entries.map(\.identifier) where !named.contains(identifier.text) {
        list.remove(identifier)
      }
    }
    return try scan.page(of: list, rule) {
      ["id": .string($0.text), "data": value($0, $1, state, scan.filters)]
    }
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    return .value(value(identifier, try state.destination(identifier), state, call.query))
  }

  /// Creates or updates (client: "Create or update a Destination"). Fields that the body does not name stay unchanged.
  static func set(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let body = try call.object()
    guard state.destinations[identifier] != nil else {
      guard state.destinations.insert(try document(body, call.now), at: identifier) else {
        throw .full(state.destinations.limit, "destinations")
      }
      return .done
    }
    try checkName(body, isRequired: false)
    try state.destinations.update(identifier) { (found) throws(Refusal) in
      if let tags = body["tags"]?.strings {
        try TagList.check(tags)
        found.tags.texts = tags
      }
      found.fields.take(fields, from: body)
      found.updated = call.now
    }
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try deleteDispatches(&state, call)
    state.destinations.remove(try call.parameter(0))
    return .done
  }

  static func deleteDispatches(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    for identifier in try dispatches(state, call) { state.dispatches.remove(identifier) }
    return .done
  }

  private static func dispatches(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> [Identifier]
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    return state.dispatches(of: identifier)
  }

  /// Sets a flag of every dispatch of a destination.
  static func setAll(_ field: String) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let isEnabled = try DispatchOperations.enabled(call)
      for identifier in try dispatches(state, call) {
        state.dispatches.update(identifier) { dispatch in
          dispatch[field] = .boolean(isEnabled)
          dispatch.updated = call.now
        }
      }
      return .done
    }
  }

  static func hashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let found = try state.destination(try call.parameter(0))
    return .value(["enabled": found["hashUserInfo"] ?? false])
  }

  static func setHashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    let hashes = try DispatchOperations.enabled(call)
    state.destinations.update(identifier) { destination in
      destination["hashUserInfo"] = .boolean(hashes)
      destination.updated = call.now
    }
    return .done
  }

  static func registrationCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let counts = try dispatches(state, call).map { state.dispatches[$0]?.count ?? 0 }
    return .value(["result": .integer(counts.reduce(0, +))])
  }

  static func resetCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    for identifier in try dispatches(state, call) {
      state.dispatches.update(identifier) { $0.resetCount(call.now) }
    }
    return .done
  }

  /// A zip of the packages of all dispatches, or of those that have one of `tags`.
  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    try DispatchOperations.checkType(call)
    let tags = call.query["tags"]?.split(separator: ",").map(String.init) ?? []
    var archive = ZipWriter()
    for identifier in try dispatches(state, call) {
      guard let dispatch = state.dispatches[identifier],
        tags.isEmpty || tags.contains(where: dispatch.tags.texts.contains)
      else { continue }
      archive.add(
        "\(PercentCoding.encodeForm(identifier.text)).zip",
        DispatchOperations.package(identifier, dispatch, state, call))
    }
    return .file(.bytes(archive.finished), type: "application/zip")
  }

  /// `Lti13ToolConfigurationSchema`, with a placeholder instead of a key.
  static func lti13(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    let base =
      "\(LaunchLink.origin(call))/api/cloud/lti13/\(PercentCoding.encodeForm(identifier.text))"
    return .value([
      "publicKey": "-----BEGIN PUBLIC KEY-----\nc2FuZGJveA==\n-----END PUBLIC KEY-----",
      "oidcLoginInitiationsUrl": .string(base + "/login"),
      "redirectUri": .string(base + "/redirect"),
      "jsonWebKeySetUrl": .string(base + "/jwks"),
    ])
  }
}

extension ApplicationState {
  /// The dispatches of a destination, oldest first.
  func dispatches(of destination: Identifier) -> [Identifier] {
    dispatches.identifiers { $0.value.text("destinationId") == destination.text }
  }
}
