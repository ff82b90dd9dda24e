extension SettingsDecoder {
  private static let maximumLimits = 64

  mutating func limits(_ root: Section) -> [Limit] {
    let sections = root.sections(
      "limits", Schema.limit, limit: SettingsDecoder.maximumLimits, &problems)
    var taken: [String: Int] = [:]
    let hasStore = root.node("shared") != nil
    return (sections ?? []).compactMap { limit($0, hasStore, &taken) }
  }

  private mutating func limit(
    _ section: Section, _ hasStore: Bool, _ taken: inout [String: Int]
  ) -> Limit? {
    let name = self.name(section, example: "app-writes", &taken)
    let rate = self.rate(section)
    let burst = section.value(Keys.burst, &problems)
    let concurrency = section.value(Keys.concurrency, &problems)
    if section.node("rate") == nil, section.node("concurrency") == nil {
      problems.add(
        section.place, section.path, "it limits nothing",
        hint: "give it rate: 100/1m, concurrency: 10, or both")
    }
    if section.node("burst") != nil, section.node("rate") == nil {
      problems.add(
        section.place(of: "burst"), section.path("burst"), "a burst belongs to a rate",
        hint: "add rate: 100/1m, or remove the key")
    }
    let isShared = section.flag("shared", absent: hasStore, &problems)
    if isShared, !hasStore {
      problems.add(
        section.place(of: "shared"), section.path("shared"),
        "no store is configured to share it through",
        hint: "add shared: {url: \(StoreURL.example)}, or remove the key")
    }
    let limit = Limit(
      name: name ?? "", per: section.choice(Keys.limitPer, &problems), match: limitMatch(section),
      rate: rate, burst: burst ?? max(1, (rate?.count ?? 0) / 5), concurrency: concurrency,
      onExceed: section.choice(Keys.onExceed, &problems),
      maxWait: section.value(Keys.maxWait, &problems),
      maxQueue: section.value(Keys.maxQueue, &problems), isShared: isShared)
    return name == nil ? nil : limit
  }

  private mutating func rate(_ section: Section) -> CallRate? {
    guard let word = section.text("rate", example: "100/1m", &problems) else { return nil }
    guard let rate = CallRate(configurationText: word.text) else {
      problems.add(
        word.place, word.path, "expected \(CallRate.expectation), found \(word.quoted)",
        hint: "for example rate: 100/1m")
      return nil
    }
    guard rate.isInRange else {
      problems.add(
        word.place, word.path, "\(word.quoted) is out of range",
        hint: "1 to 1000000 calls in 1ms to 1d")
      return nil
    }
    return rate
  }

  private mutating func limitMatch(_ limit: Section) -> Limit.Match {
    var match = Limit.Match()
    guard let section = limit.section("match", Schema.limitMatch, &problems) else { return match }
    match.access = section.choice(
      "access", of: OperationAccess.self, example: .write, &problems)
    if let word = section.text("service", example: "xapi", &problems) {
      match.service = known(word, "service", among: catalogue.services)
    }
    if let word = section.text("operation", example: "GetCourses", &problems) {
      match.operation = known(word, "operation", among: catalogue.operations)
    }
    return match
  }

  mutating func known(_ word: Word, _ kind: String, among names: [String]) -> String? {
    if names.contains(word.text) { return word.text }
    problems.add(
      word.place, word.path, "\(word.quoted) is not a known \(kind)",
      hint: ClosestName.hint(for: word.text, among: names))
    return nil
  }
}
