internal import LocalServer

/// Read, set and delete settings of the application, of courses, registrations and their parts.
enum ConfigurationOperations {
  static func get(_ kind: Thing.Kind, hasPart: Bool = false) -> Behaviour {
    { (state, call) throws(Refusal) in
      let settings = state.configuration[try thing(kind, hasPart, state, call)]
      let items = settings.sorted { $0.key < $1.key }.map { name, value -> JSONValue in
        [
          "id": .string(name), "effectiveValue": .string(value),
          "effectiveValueSource": .string(kind.rawValue), "explicitValue": .string(value),
        ]
      }
      return .value(["settingItems": .array(items)])
    }
  }

  static func set(_ kind: Thing.Kind, hasPart: Bool = false) -> Behaviour {
    { (state, call) throws(Refusal) in
      let thing = try thing(kind, hasPart, state, call)
      guard let items = try call.object()["settings"]?.elements else {
        throw .message(400, "settings must be a list.")
      }
      var settings = state.configuration[thing]
      for item in items {
        guard let name = item["settingId"]?.string, let value = item["value"]?.string,
          name.utf8.count <= ConfigurationBook.maximumText,
          value.utf8.count <= ConfigurationBook.maximumText
        else { throw .message(400, "A setting needs settingId and value, up to 1000 bytes each.") }
        settings[name] = value
      }
      guard settings.count <= ConfigurationBook.maximumSettings else {
        throw .message(
          400, "The sandbox keeps at most \(ConfigurationBook.maximumSettings) settings of a thing."
        )
      }
      state.configuration[thing] = settings
      return .done
    }
  }

  static func delete(_ kind: Thing.Kind, hasPart: Bool = false) -> Behaviour {
    { (state, call) throws(Refusal) in
      let thing = try thing(kind, hasPart, state, call)
      guard let setting = call.parameters.last,
        state.configuration[thing].removeValue(forKey: setting.text) != nil
      else { throw .message(404, "Could not find the setting.") }
      return .done
    }
  }

  /// The thing that the path names, which must exist.
  private static func thing(
    _ kind: Thing.Kind, _ hasPart: Bool, _ state: ApplicationState, _ call: CloudCall
  ) throws(Refusal) -> Thing {
    guard kind != .application else { return Thing(kind, Identifier(call.application.id)) }
    let identifier = try call.parameter(0)
    let part = hasPart ? try call.parameter(1) : nil
    switch kind {
    case .course:
      let course = try state.course(identifier)
      return Thing(
        kind, identifier, part: try part.map { (p) throws(Refusal) in try course.version(p).number }
      )
    default:
      let registration = try state.registration(identifier)
      guard let part else { return Thing(kind, identifier) }
      guard let number = Int(part.text), registration.instances.contains(number) else {
        throw .missing("registration instance", part)
      }
      return Thing(kind, identifier, part: number)
    }
  }
}
