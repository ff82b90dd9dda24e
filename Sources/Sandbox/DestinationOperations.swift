internal import LocalServer

/// Destinations, and what is done to all dispatches of one.
enum DestinationOperations {
  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let items = try call.object()["destinations"]?.elements else {
      throw .message(400, "destinations must be a list.")
    }
    for item in items {
      guard let identifier = Identifier(checking: item["id"]?.string) else {
        throw .message(400, "A destination needs an id of 1 to 255 characters.")
      }
      let name = try name(item["data"])
      guard state.destinations[identifier] == nil else {
        throw .message(400, "Destination [\(identifier)] already exists")
      }
      let destination = Destination(name: name, created: call.now, updated: call.now)
      guard state.destinations.insert(destination, at: identifier) else {
        throw .full(state.destinations.limit, "destinations")
      }
    }
    return .done
  }

  private static func name(_ data: JSONValue?) throws(Refusal) -> String {
    guard let name = data?["name"]?.string, name.utf8.count <= 1_000 else {
      throw .message(400, "A destination needs a name of up to 1000 bytes.")
    }
    return name
  }

  /// `DestinationInfoSchema`.
  private static func value(
    _ identifier: Identifier, _ destination: Destination, _ state: ApplicationState
  ) -> JSONValue {
    [
      "name": .string(destination.name), "created": .string(destination.created.text),
      "updated": .string(destination.updated.text),
      "tags": .strings(state.tags[Thing(.destination, identifier)]),
      "dispatchCount": .integer(
        state.dispatches.entries.count { $0.value.destination == identifier }),
    ]
  }

  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let found = state.destinations.entries.filter { entry in
      scan.includes(created: entry.value.created, updated: entry.value.updated)
        && scan.includes(tags: state.tags[Thing(.destination, entry.identifier)])
        && scan.includes(text: [entry.identifier.text, entry.value.name])
    }
    return try scan.page(of: found, named: "destinations") { entry in
      [
        "id": .string(entry.identifier.text), "data": value(entry.identifier, entry.value, state),
      ]
    }
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    return .value(value(identifier, try state.destination(identifier), state))
  }

  static func set(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    let name = try name(try call.object())
    _ = state.destinations.update(identifier) { destination in
      destination.name = name
      destination.updated = call.now
    }
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try deleteDispatches(&state, call)
    let identifier = try call.parameter(0)
    _ = state.destinations.remove(identifier)
    state.forgetDetails(of: .destination, identifier)
    return .done
  }

  static func deleteDispatches(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    for identifier in try dispatches(of: state, call) { state.removeDispatch(identifier) }
    return .done
  }

  private static func dispatches(of state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> [Identifier]
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    return state.dispatches.entries.filter { $0.value.destination == identifier }.map(\.identifier)
  }

  /// Switches every dispatch of a destination at once.
  static func setEnabled(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let isEnabled = try DispatchOperations.enabled(call)
    for identifier in try dispatches(of: state, call) {
      _ = state.dispatches.update(identifier) { dispatch in
        dispatch.isEnabled = isEnabled
        dispatch.updated = call.now
      }
    }
    return .done
  }

  static func setInstanced(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let isInstanced = try DispatchOperations.enabled(call)
    for identifier in try dispatches(of: state, call) {
      _ = state.dispatches.update(identifier) { $0.isInstanced = isInstanced }
    }
    return .done
  }

  static func hashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(["enabled": .boolean(try state.destination(try call.parameter(0)).hashesUserInfo)])
  }

  static func setHashesUserInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    _ = try state.destination(identifier)
    let hashes = try DispatchOperations.enabled(call)
    _ = state.destinations.update(identifier) { $0.hashesUserInfo = hashes }
    return .done
  }

  /// Dispatched packages are never launched here.
  static func registrationCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.destination(try call.parameter(0))
    return .value(["result": 0])
  }

  static func resetCount(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.destination(try call.parameter(0))
    return .done
  }

  static func zip(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = try state.destination(try call.parameter(0))
    return .file(.bytes(DispatchOperations.emptyArchive), type: "application/zip")
  }
}
