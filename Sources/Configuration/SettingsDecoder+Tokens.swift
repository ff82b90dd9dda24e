extension SettingsDecoder {
  private static let maximumScopes = 16
  private static let maximumWarmScopes = 64

  mutating func tokens(_ root: Section) -> (TokenSettings, TokenShareSettings?) {
    let section = self.section("tokens", Schema.tokens, of: root)
    let scopes = section.choice(Keys.tokenScopes, &problems)
    let settings = TokenSettings(
      endpoint: section.choice(Keys.tokenEndpoint, &problems),
      url: url(section, "url"),
      scopes: scopes,
      scopesList: scopesList(section, scopes),
      lifetime: section.value(Keys.tokenLifetime, &problems),
      warm: warmScopes(section),
      stateFile: section.text("stateFile", example: "/var/lib/scorm-gateway/scopes", &problems)
        .flatMap { filePath($0) })
    return (settings, tokenShare(section, hasStore: root.node("shared") != nil))
  }

  /// How tokens are shared with other gateways; nil if they are not.
  private mutating func tokenShare(_ section: Section, hasStore: Bool) -> TokenShareSettings? {
    let node = section.node("shareKey")
    guard section.flag("share", &problems) else {
      if node != nil {
        problems.add(
          section.place(of: "shareKey"), section.path("shareKey"),
          "a key is used only with share: true", hint: "write share: true, or remove the key")
      }
      return nil
    }
    if !hasStore {
      problems.add(
        section.place(of: "share"), section.path("share"),
        "sharing tokens needs a store",
        hint: "add shared: {url: \(StoreURL.example)}, or remove the key")
    }
    guard let node else {
      problems.add(
        section.place(of: "share"), section.path("shareKey"), "sharing tokens needs a key",
        hint:
          "for example shareKey: {file: /etc/scorm-gateway/share.key}, made by \(ShareKey.command)")
      return nil
    }
    guard let reference = SecretReference(node, at: section.path("shareKey"), &problems),
      let key = reference.shareKey(environment, folder: folder, &problems)
    else { return nil }
    return TokenShareSettings(key: key, keyFile: reference.file(environment, folder: folder))
  }

  private mutating func warmScopes(_ section: Section) -> [String] {
    let words =
      section.words(
        "warm", limit: SettingsDecoder.maximumWarmScopes, example: "warm: [\"read:course\"]",
        &problems) ?? []
    return knownScopes(words)
  }

  /// The words that are scopes, each once. Other words are reported as problems.
  private mutating func knownScopes(_ words: [Word]) -> [String] {
    var list: [String] = []
    for word in words {
      if !catalogue.scopes.contains(word.text) {
        problems.add(
          word.place, word.path, "\(word.quoted) is not a scope of SCORM Cloud",
          hint: ClosestName.hint(for: word.text, among: catalogue.scopes))
      } else if list.contains(word.text) {
        problems.add(word.place, word.path, "\(word.quoted) is listed twice")
      } else {
        list.append(word.text)
      }
    }
    return list
  }

  private mutating func scopesList(
    _ section: Section, _ scopes: TokenSettings.Scopes
  ) -> [String] {
    let example = "scopesList: [read, \"write:registration\"]"
    let words =
      section.words(
        "scopesList", limit: SettingsDecoder.maximumScopes, example: example, &problems) ?? []
    let list = knownScopes(words)
    let place = section.place(of: "scopesList")
    if scopes == .fixed, words.isEmpty {
      problems.add(
        section.place(of: "scopes"), section.path("scopesList"),
        "scopes: fixed needs the scopes to ask for", hint: "for example \(example)")
    } else if scopes != .fixed, !words.isEmpty {
      problems.add(
        place, section.path("scopesList"), "only scopes: fixed uses a list",
        hint: "set scopes: fixed, or remove the list")
    }
    return list
  }

  mutating func policy(_ root: Section) -> PolicySettings {
    let section = self.section("policy", Schema.policy, of: root)
    return PolicySettings(
      unknownOperations: section.choice(Keys.unknownOperations, &problems),
      outsideBasePath: section.choice(Keys.outsideBasePath, &problems),
      sensitiveOperations: section.choice(Keys.sensitiveOperations, &problems),
      sensitiveForwarded: sensitiveForwarded(section),
      confirmsBulk: section.flag("confirmBulk", &problems))
  }

  /// More than the number of sensitive operations.
  private static let maximumForwarded = 64

  private mutating func sensitiveForwarded(_ section: Section) -> [String] {
    let words =
      section.words(
        "sensitiveForwarded", limit: SettingsDecoder.maximumForwarded,
        example: "sensitiveForwarded: [GetReportageLink]", &problems) ?? []
    var list: [String] = []
    for word in words {
      guard let name = known(word, "operation", among: catalogue.operations) else { continue }
      if !catalogue.sensitive.contains(name) {
        problems.add(
          word.place, word.path, "\(name) is forwarded anyway: its answer is not a secret",
          hint: "remove it")
      } else if list.contains(name) {
        problems.add(word.place, word.path, "\(word.quoted) is listed twice")
      } else {
        list.append(name)
      }
    }
    return list
  }
}
