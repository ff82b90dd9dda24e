internal import Memory

extension SettingsDecoder {
  private static let maximumApps = 64

  /// An entry of `apps`; `app` is nil if its credentials could not be read.
  struct DecodedApp {
    let name: String
    let kind: App.Kind
    let app: App?
  }

  mutating func apps(_ root: Section) -> [DecodedApp] {
    guard
      let sections = root.sections(
        "apps", Schema.app, limit: SettingsDecoder.maximumApps, &problems)
    else { return appFromEnvironment() }
    if let node = root.node("apps"), case .sequence(let elements) = node.content, elements.isEmpty {
      problems.add(
        node.place, "apps", "at least one app is needed",
        hint: "leave the key out to take it from SCORM_APP_ID and SCORM_SECRET_KEY")
    }
    var taken: [String: Int] = [:]
    var apps: [DecodedApp] = []
    for section in sections {
      let name = self.name(section, example: "main", &taken)
      let kind = section.choice(Keys.appKind, &problems)
      let id = self.id(section)
      let secret = self.secret(section, "secret", isRequired: true)
      let nextSecret = self.secret(section, "nextSecret", isRequired: false)
      if kind == .management, apps.contains(where: { $0.kind == .management }) {
        problems.add(
          section.place(of: "kind"), section.path("kind"), "there is already a management app",
          hint: "SCORM Cloud has one App Management application per realm")
      }
      guard let name else { continue }
      var app: App?
      if let id, let secret {
        app = App(
          name: name, kind: kind, id: id, secret: secret.bytes, nextSecret: nextSecret?.bytes,
          secretFile: secret.file, nextSecretFile: nextSecret?.file)
      }
      apps.append(DecodedApp(name: name, kind: kind, app: app))
    }
    return apps
  }

  /// The app `main`, described by three variables, for a start without a file.
  private mutating func appFromEnvironment() -> [DecodedApp] {
    let place = Place(.defaults)
    let hasKey = environment.has("SCORM_SECRET_KEY")
    let keyFile = environment.value("SCORM_SECRET_KEY_FILE")
    var secret: SecretBytes?
    switch (hasKey, keyFile) {
    case (true, .some):
      problems.add(
        place, "apps[0].secret", "SCORM_SECRET_KEY and SCORM_SECRET_KEY_FILE are both set",
        hint: "unset one of them")
    case (false, nil):
      problems.add(
        place, "apps[0].secret", "no secret key is configured",
        hint: "set SCORM_SECRET_KEY_FILE to a file that holds it, or SCORM_SECRET_KEY to it, "
          + "or list apps in a configuration file")
    default:
      let source = keyFile.map { ("file", $0) } ?? ("env", "SCORM_SECRET_KEY")
      let variable = keyFile == nil ? "SCORM_SECRET_KEY" : "SCORM_SECRET_KEY_FILE"
      let origin = Place(.environment(variable))
      let reference = Node(
        .mapping([
          Node.Member(key: source.0, place: origin, value: Node(.scalar(source.1), at: origin))
        ]), at: origin)
      // A relative path from the environment is relative to the working directory, not to a file.
      secret = SecretReference(reference, at: "apps[0].secret", &problems)?
        .secret(environment, folder: "", &problems)
    }
    var id: String?
    if let value = environment.value("SCORM_APP_ID") {
      let origin = Place(.environment("SCORM_APP_ID"))
      id = checked(id: Word(text: value, place: origin, path: "apps[0].id"))
    } else {
      problems.add(
        place, "apps[0].id", "no application id is configured",
        hint: "set SCORM_APP_ID, or list apps in a configuration file")
    }
    var app: App?
    if let id, let secret {
      app = App(
        name: "main", kind: .application, id: id, secret: secret, nextSecret: nil,
        secretFile: keyFile)
    }
    return [DecodedApp(name: "main", kind: .application, app: app)]
  }

  /// An id, written literally or by reference.
  private mutating func id(_ section: Section) -> String? {
    let path = section.path("id")
    guard let node = section.node("id") else {
      problems.add(
        section.place, path, "an id is required",
        hint: "the application id of SCORM Cloud's Apps page, or {env: SCORM_APP_ID}")
      return nil
    }
    if case .scalar(let text) = node.content {
      return checked(id: Word(text: text, place: node.place, path: path))
    }
    guard let reference = SecretReference(node, at: path, &problems) else { return nil }
    return reference.text(environment, folder: folder, &problems).flatMap {
      checked(id: Word(text: $0, place: node.place, path: path))
    }
  }

  private mutating func checked(id word: Word) -> String? {
    guard let defect = CredentialText.idDefect(of: Array(word.text.utf8).span.bytesOfElements)
    else {
      return word.text
    }
    problems.add(
      word.place, word.path, "not a valid application id: it \(defect.reason)", hint: defect.hint)
    return nil
  }

  private mutating func secret(
    _ section: Section, _ key: String, isRequired: Bool
  ) -> (bytes: SecretBytes, file: String?)? {
    guard let node = section.node(key) else {
      if isRequired {
        problems.add(
          section.place, section.path(key), "a secret is required",
          hint: "for example \(key): {file: /run/secrets/scorm}")
      }
      return nil
    }
    guard let reference = SecretReference(node, at: section.path(key), &problems) else {
      return nil
    }
    return reference.secret(environment, folder: folder, &problems).map {
      ($0, reference.file(environment, folder: folder))
    }
  }

  /// The app of a request if nothing else selects one: `main`, or the only app.
  mutating func defaultApp(_ root: Section, _ apps: [DecodedApp]) -> String {
    let candidates = apps.filter { $0.kind == .application }.map(\.name)
    guard let word = root.text("defaultApp", example: "main", &problems) else {
      if candidates.contains("main") { return "main" }
      if candidates.count == 1 { return candidates[0] }
      // If no app has a name, that was reported already.
      if !apps.isEmpty {
        problems.add(
          root.place(of: "defaultApp"), "defaultApp",
          candidates.isEmpty
            ? "every app is a management app, which serves only its own operations"
            : "no app is called main, so defaultApp is required",
          hint: candidates.isEmpty ? "add an app" : "defaultApp: \(candidates[0])")
      }
      return "main"
    }
    if apps.contains(where: { $0.name == word.text && $0.kind == .management }) {
      problems.add(
        word.place, word.path,
        "\(word.quoted) is a management app, which serves only its own operations",
        hint: ClosestName.hint(for: word.text, among: candidates))
    } else if !candidates.contains(word.text) {
      problems.add(
        word.place, word.path, "no app is called \(word.quoted)",
        hint: ClosestName.hint(for: word.text, among: candidates))
    }
    return word.text
  }
}
