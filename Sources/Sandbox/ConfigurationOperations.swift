internal import LocalServer

/// Reads, sets and deletes settings of the application, of courses and registrations, and of their parts.
///
/// The most specific value applies, in this order: registration, course, learning standard, application, default
/// (configuration page).
enum ConfigurationOperations {
  /// Levels at which settings can be set. A part is a course's version or a registration's instance.
  enum Level: Sendable, Equatable {
    case application
    case course(hasPart: Bool)
    case registration(hasPart: Bool)
  }

  /// One place where a setting's value can come from.
  struct Source {
    let name: String
    let settings: [String: String]
  }

  /// Every setting with its effective value and the source of that value.
  static func get(_ level: Level) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let sources = try sources(level, state, call)
      let hasMetadata = call.query.isTrue("includeMetadata")
      let items = SettingCatalogue.all.map { setting -> JSONValue in
        let source = sources.first { $0.settings[setting.name] != nil }
        var members = [
          JSONMember("id", .string(setting.name)),
          JSONMember(
            "effectiveValue", .string(source?.settings[setting.name] ?? setting.standard)),
          JSONMember("effectiveValueSource", .string(source?.name ?? "default")),
        ]
        if let explicit = sources.first?.settings[setting.name] {
          members.append(JSONMember("explicitValue", .string(explicit)))
        }
        if hasMetadata { members.append(JSONMember("metadata", setting.metadata)) }
        return .object(members)
      }
      return .value(["settingItems": .array(items)])
    }
  }

  static func set(_ level: Level) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      let new = try settings(try call.object())
      try change(level, &state, call) { $0.merge(new) { $1 } }
      return .done
    }
  }

  /// The settings of a `SettingsPostSchema`. Unknown ones and wrong values are refused.
  static func settings(_ body: JSONValue) throws(Refusal) -> [String: String] {
    guard let items = body["settings"]?.elements else {
      throw .message(400, "settings must be a list.")
    }
    var found: [String: String] = [:]
    for item in items {
      guard let name = item["settingId"]?.string, let value = item["value"]?.string else {
        throw .message(400, "A setting needs settingId and value.")
      }
      guard let setting = SettingCatalogue.setting(name) else {
        throw .message(400, "There is no setting [\(name)].")
      }
      guard setting.allows(value) else {
        throw .message(400, "The value of \(setting.name) must be \(setting.expectation).")
      }
      found[setting.name] = value
    }
    return found
  }

  /// Deletes the value, so that it is inherited again. A setting that is not set here is not an error; an unknown
  /// setting is.
  static func delete(_ level: Level) -> Behaviour.ForApplication {
    { (state, call) throws(Refusal) in
      guard let name = call.parameters.last, let setting = SettingCatalogue.setting(name.text)
      else { throw .message(404, "Could not find the setting.") }
      try change(level, &state, call) { $0[setting.name] = nil }
      return .done
    }
  }

  /// Such as `SCORM12/true`, if the query asks for one kind of content.
  private static func group(_ call: CloudCall) throws(Refusal) -> Identifier? {
    guard let standard = call.query["learningStandard"], !standard.isEmpty else { return nil }
    let known = SchemaTable.ofClient.schemas["CourseSchema"]?
      .first { $0.name == "courseLearningStandard" }?.values
    guard known?.contains(standard.uppercased()) == true else {
      throw .message(400, "There is no learning standard [\(standard)].")
    }
    guard let single = call.query["singleSco"]?.lowercased(), ["true", "false"].contains(single)
    else { throw .message(400, "singleSco is required with learningStandard.") }
    return Identifier("\(standard.uppercased())/\(single)")
  }

  private static func sources(_ level: Level, _ state: ApplicationState, _ call: CloudCall)
    throws(Refusal) -> [Source]
  {
    switch level {
    case .application:
      let application = Source(name: "application", settings: state.settings)
      guard let group = try group(call) else { return [application] }
      let standard = state.standardSettings[group]?.settings ?? [:]
      return [Source(name: "learningStandardForApplication", settings: standard), application]
    case .course(let hasPart):
      let identifier = try call.parameter(0)
      let course = try state.course(identifier)
      let part = hasPart ? try course.version(try call.parameter(1), of: identifier) : nil
      return state.sources(of: course, part)
    case .registration(let hasPart):
      let (registration, instance) = try state.instance(call)
      return state.sources(of: registration, hasPart ? instance : nil)
    }
  }

  private static func change(
    _ level: Level, _ state: inout ApplicationState, _ call: CloudCall,
    _ body: (inout [String: String]) -> Void
  ) throws(Refusal) {
    // What the path names must exist.
    _ = try sources(level, state, call)
    switch level {
    case .application:
      guard let group = try group(call) else { return body(&state.settings) }
      if state.standardSettings[group] == nil {
        _ = state.standardSettings.insert(SettingGroup(), at: group)
      }
      state.standardSettings.update(group) { body(&$0.settings) }
    case .course(let hasPart):
      let number = hasPart ? Int(try call.parameter(1).text) : nil
      state.courses.update(try call.parameter(0)) { course in
        if hasPart { course.update(number) { body(&$0.settings) } } else { body(&course.settings) }
      }
    case .registration(let hasPart):
      let number = hasPart ? Int(try call.parameter(1).text) : nil
      state.registrations.update(try call.parameter(0)) { registration in
        if hasPart {
          registration.update(number) { body(&$0.settings) }
        } else {
          body(&registration.settings)
        }
      }
    }
  }
}

extension ApplicationState {
  /// The sources of a course's settings, the most specific first.
  func sources(of course: Course?, _ version: Course.Version?)
    -> [ConfigurationOperations.Source]
  {
    typealias Source = ConfigurationOperations.Source
    var sources: [Source] = []
    if let version { sources.append(Source(name: "course", settings: version.settings)) }
    if let course { sources.append(Source(name: "course", settings: course.settings)) }
    let content = version ?? course?.latest
    let isSingle = (content?.rootActivity?["children"]?.elements?.count ?? 0) <= 1
    let group = Identifier("\(content?.learningStandard ?? "")/\(isSingle)")
    if let standard = standardSettings[group]?.settings {
      sources.append(Source(name: "learningStandardForApplication", settings: standard))
    }
    sources.append(Source(name: "application", settings: settings))
    return sources
  }

  /// The sources of a registration's settings, the most specific first.
  func sources(of registration: Registration, _ instance: Instance?)
    -> [ConfigurationOperations.Source]
  {
    typealias Source = ConfigurationOperations.Source
    var sources: [Source] = []
    if let instance { sources.append(Source(name: "registration", settings: instance.settings)) }
    sources.append(Source(name: "registration", settings: registration.settings))
    if let dispatch = registration.dispatch.flatMap({ dispatches[$0] }) {
      let settings = Dictionary(
        uniqueKeysWithValues: PostbackSettings.named(dispatch["postBack"] ?? .null))
      sources.append(Source(name: "dispatch", settings: settings))
    }
    return sources + self.sources(of: courses[registration.course], nil)
  }

  /// The effective value of a registration's setting.
  func effective(_ name: String, for registration: Registration) -> String {
    let source = sources(of: registration, registration.latest).first { $0.settings[name] != nil }
    return source?.settings[name] ?? SettingCatalogue.setting(name)?.standard ?? ""
  }
}

/// The settings that the fields of a `PostBackSchema` set.
enum PostbackSettings {
  private static let names = [
    ("url", "ApiRollupRegistrationPostBackUrl"), ("authType", "ApiRollupRegistrationAuthType"),
    ("userName", "ApiRollupRegistrationAuthUser"),
    ("password", "ApiRollupRegistrationAuthPassword"),
    ("resultsFormat", "ApiRollupRegistrationFormat"),
  ]

  /// The settings in `postBack`, by name.
  static func named(_ postBack: JSONValue) -> [(String, String)] {
    names.compactMap { field, setting in
      guard let value = postBack[field]?.string, value != "UNDEFINED" else { return nil }
      return (setting, field == "authType" || field == "resultsFormat" ? value.lowercased() : value)
    }
  }

  /// The `PostBackSchema` that applies to `registration`; nil if it has no URL to post to.
  static func effective(_ registration: Registration, _ state: ApplicationState) -> JSONValue? {
    var postBack: JSONValue = [:]
    let own = registration.postBack ?? [:]
    for (field, setting) in names {
      let given = own[field]?.string.flatMap { $0 == "UNDEFINED" ? nil : $0 }
      let value = given ?? state.effective(setting, for: registration)
      if !value.isEmpty { postBack.set(field, .string(value)) }
    }
    return postBack["url"] == nil ? nil : postBack
  }
}
