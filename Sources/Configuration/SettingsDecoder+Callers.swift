extension SettingsDecoder {
  private static let maximumCallers = 256
  private static let maximumRules = 256

  mutating func callers(
    _ root: Section, _ apps: [DecodedApp], _ listeners: [Sourced<Listener>]
  ) -> [Sourced<Caller>] {
    let sections = root.sections(
      "callers", Schema.caller, limit: SettingsDecoder.maximumCallers, &problems)
    var taken: [String: Int] = [:]
    var callers: [Sourced<Caller>] = []
    for section in sections ?? [] {
      let name = self.name(section, example: "crm", &taken)
      let match = self.match(section, listeners)
      let usable = self.apps(of: section, among: apps)
      let allow = self.allow(section)
      let mode = section.choice(Keys.callerMode, &problems)
      let priority = section.choice(Keys.callerPriority, &problems)
      let weight = section.value(Keys.callerWeight, &problems)
      guard let name else { continue }
      if match == nil, section.node("match") == nil,
        !listeners.contains(where: { $0.value.caller == name })
      {
        problems.warn(
          section.place, section.path("match"), "no connection can be this caller",
          hint: "say how to identify it, or name it in listen[].caller")
      }
      callers.append(
        Sourced(
          value: Caller(
            name: name, match: match, apps: usable, allow: allow, mode: mode, priority: priority,
            weight: weight),
          section: section))
    }
    refuseSharedNames(callers)
    return callers
  }

  private mutating func match(
    _ caller: Section, _ listeners: [Sourced<Listener>]
  ) -> CallerMatch? {
    guard let section = caller.section("match", Schema.callerMatch, &problems) else { return nil }
    var match = CallerMatch()
    if let word = section.text("unixUser", example: "crm", &problems) {
      match.unixUser = unixUser(word, listeners)
    }
    if let word = section.text("address", example: "10.1.0.0/16", &problems) {
      match.address = AddressBlock(word.text)
      if match.address == nil {
        problems.add(
          word.place, word.path, "expected an address or a block of them, found \(word.quoted)",
          hint: "for example 10.1.2.3 or 10.1.0.0/16, with all bits after the prefix zero")
      }
    }
    if let word = section.text("listener", example: Keys.listenAddress, &problems) {
      match.listener = ListenAddress(word.text)
      if match.listener == nil {
        problems.add(
          word.place, word.path, "expected \(ListenAddress.expectation), found \(word.quoted)")
      } else if !listeners.contains(where: { $0.value.address == match.listener }) {
        problems.add(
          word.place, word.path, "\(word.quoted) is not an address in listen",
          hint: ClosestName.hint(
            for: word.text, among: listeners.map(\.value.address.description)))
      }
    }
    match.certificate = certificate(section, listeners)
    if Schema.callerMatch.names.allSatisfy({ section.node($0) == nil }) {
      problems.add(
        section.place, section.path, "at least one condition is needed",
        hint: "unixUser, address, listener or certificate")
      return nil
    }
    return match
  }

  private mutating func unixUser(
    _ word: Word, _ listeners: [Sourced<Listener>]
  ) -> CallerMatch.UnixUser? {
    let hasSocket = listeners.contains { listener in
      if case .unix = listener.value.address { true } else { false }
    }
    if !hasSocket {
      problems.warn(
        word.place, word.path, "no connection has a user, because no listener is a Unix socket")
    }
    guard let id = UInt32(word.text) ?? userID(word.text) else {
      problems.add(
        word.place, word.path, "this system has no user \(word.quoted)",
        hint: "create the user, or give its number")
      return nil
    }
    return CallerMatch.UnixUser(name: word.text, id: id)
  }

  private mutating func apps(of caller: Section, among apps: [DecodedApp]) -> [String] {
    let example = "apps: [main]"
    guard
      let words = caller.words("apps", limit: apps.count + 64, example: example, &problems)
    else {
      problems.add(
        caller.place, caller.path("apps"), "the apps it may use are required",
        hint: "for example \(example)")
      return []
    }
    if let node = caller.node("apps"), case .sequence(let elements) = node.content,
      elements.isEmpty
    {
      problems.add(
        node.place, caller.path("apps"), "at least one app is needed",
        hint: "for example \(example)")
    }
    let known = apps.map(\.name)
    var names: [String] = []
    for word in words {
      if !known.contains(word.text) {
        problems.add(
          word.place, word.path, "no app is called \(word.quoted)",
          hint: ClosestName.hint(for: word.text, among: known))
      } else if names.contains(word.text) {
        problems.add(word.place, word.path, "\(word.quoted) is listed twice")
      } else {
        names.append(word.text)
      }
    }
    return names
  }

  private mutating func allow(_ caller: Section) -> [AllowRule] {
    let example = "allow: [\"read:*\", CreateRegistration]"
    guard
      let words = caller.words(
        "allow", limit: SettingsDecoder.maximumRules, example: example, &problems)
    else {
      problems.add(
        caller.place, caller.path("allow"), "what it may call is required",
        hint: "for example \(example)")
      return []
    }
    return words.compactMap { rule($0) }
  }

  private mutating func rule(_ word: Word) -> AllowRule? {
    if word.text == "*" { return .everything }
    guard let colon = word.text.firstIndex(of: ":") else {
      if catalogue.operations.contains(word.text) { return .operation(word.text) }
      problems.add(
        word.place, word.path, "\(word.quoted) is not an operation of the catalogue",
        hint: ClosestName.to(word.text, among: catalogue.operations).map { "did you mean \($0)?" }
          ?? "an operation like GetCourses, read:*, write:course, or *")
      return nil
    }
    let service = String(word.text[word.text.index(after: colon)...])
    guard let access = OperationAccess(rawValue: String(word.text[..<colon])) else {
      problems.add(
        word.place, word.path, "expected read or write before the colon, found \(word.quoted)",
        hint: "deleting is writing; for example \"read:*\" or \"write:course\"")
      return nil
    }
    if service == "*" { return .access(access, service: nil) }
    guard catalogue.services.contains(service) else {
      problems.add(
        word.place, word.path, "\(word.quoted) names no known service",
        hint: ClosestName.hint(for: service, among: catalogue.services))
      return nil
    }
    return .access(access, service: service)
  }
}
