internal import Memory

/// Reads secrets and ids by reference: `{file: PATH}`, `{credential: NAME}` or `{env: NAME}`.
///
/// Its messages never quote what was written in place of a secret, because that may be the secret.
struct SecretReference {
  private enum Source {
    case variable(String)
    case file(String)
    /// A file that systemd provides, by its plain name (systemd.exec(5), `LoadCredential=`).
    case credential(String)
  }

  private static let fix =
    "write {file: PATH}, {credential: NAME} or {env: NAME}, as in secret: {file: /run/secrets/scorm}"
  /// The variable with the folder of a service's credentials, which systemd sets.
  private static let credentialFolder = "CREDENTIALS_DIRECTORY"
  private let source: Source
  private let node: Node
  private let path: String

  /// Returns nil and adds a problem if `node` is not a reference.
  init?(_ node: Node, at path: String, _ problems: inout ProblemList) {
    self.node = node
    self.path = path
    switch node.content {
    case .mapping(let members):
      guard members.count == 1, let member = members.first,
        case .scalar(let text) = member.value.content, !text.isEmpty,
        let source = SecretReference.source(member.key, text)
      else {
        problems.add(node.place, path, "expected a reference", hint: SecretReference.fix)
        return nil
      }
      if case .credential(let name) = source, !SecretReference.isFileName(name) {
        problems.add(
          node.place, path, "a credential is named by a plain file name, without a folder",
          hint: "as in {credential: scorm}, with LoadCredential=scorm:PATH in the unit")
        return nil
      }
      self.source = source
    case .scalar:
      problems.add(
        node.place, path, "a secret must not be written in the configuration",
        hint: SecretReference.fix)
      return nil
    case .refused: return nil
    case .null, .sequence:
      problems.add(
        node.place, path, "expected a reference, found \(node.kind)", hint: SecretReference.fix)
      return nil
    }
  }

  private static func source(_ key: String, _ text: String) -> Source? {
    switch key {
    case "env": .variable(text)
    case "file": .file(text)
    case "credential": .credential(text)
    default: nil
    }
  }

  /// Whether `name` is the plain name of a file, without a path.
  private static func isFileName(_ name: String) -> Bool {
    name != "." && name != ".." && name.utf8.count <= 255
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
  }

  /// The path of the referenced file, absolute or relative to the working directory. Nil for a variable, and for a
  /// credential if the service manager provides none.
  func file(_ environment: Environment, folder: String) -> String? {
    switch source {
    case .variable: return nil
    case .file(let name): return name.hasPrefix("/") ? name : folder + name
    case .credential(let name):
      guard let given = environment.value(SecretReference.credentialFolder), given.hasPrefix("/")
      else { return nil }
      return "\(given)/\(name)"
    }
  }

  private var shownVariable: String {
    guard case .variable(let name) = source, SecretRules.isShowableVariable(name) else {
      return "named here"
    }
    return name
  }

  private func missingVariable(_ problems: inout ProblemList) {
    problems.add(
      node.place, path, "the environment variable \(shownVariable) is not set, or empty",
      hint: shownVariable == "named here" ? "a name like SCORM_SECRET_KEY" : "set \(shownVariable)")
  }

  /// The secret. Adds a problem and returns nil on failure.
  func secret(_ environment: Environment, folder: String, _ problems: inout ProblemList)
    -> SecretBytes?
  {
    switch source {
    case .variable(let name):
      switch environment.takeSecret(name) {
      case .secret(let secret): return secret
      case .missing: missingVariable(&problems)
      case .unfit(let defect):
        problems.add(
          node.place, path,
          "the secret in the environment variable \(shownVariable) \(defect.reason)",
          hint: defect.hint)
      }
      return nil
    case .file, .credential:
      guard var bytes = contents(environment, folder: folder, isSecret: true, &problems) else {
        return nil
      }
      return SecretBytes(taking: &bytes)
    }
  }

  /// The key that seals shared tokens. Adds a problem and returns nil on failure.
  func shareKey(
    _ environment: Environment, folder: String, _ problems: inout ProblemList
  ) -> SecretBytes? {
    let hint = "make one with \(ShareKey.command), the same for all gateways"
    if case .variable = source {
      guard let text = secret(environment, folder: folder, &problems) else { return nil }
      do { return try ShareKey.decode(text.bytes) } catch {
        problems.add(
          node.place, path, "the environment variable \(shownVariable) \(error.reason)", hint: hint)
        return nil
      }
    }
    guard
      var file = contents(environment, folder: folder, limit: ShareKey.limit, hint: hint, &problems)
    else { return nil }
    defer { FileContents.erase(&file.bytes) }
    do {
      let key = try ShareKey.decode(file.bytes.span.bytesOfElements)
      warnIfReadable(file, &problems)
      return key
    } catch {
      problems.add(node.place, path, "the content of \(shown) \(error.reason)", hint: hint)
      return nil
    }
  }

  /// The text of a value that is not secret. Adds a problem and returns nil on failure.
  func text(_ environment: Environment, folder: String, _ problems: inout ProblemList) -> String? {
    switch source {
    case .variable(let name):
      guard let value = environment.value(name) else {
        missingVariable(&problems)
        return nil
      }
      return value
    case .file, .credential:
      return contents(environment, folder: folder, isSecret: false, &problems).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  /// The file's name in messages. A word without a slash may be the secret itself, written in the wrong place.
  private var shown: String {
    switch source {
    case .file(let name): "the file \(name.contains("/") ? KeyPathText.shown(name) : "named here")"
    case .credential, .variable: "the credential named here"
    }
  }

  private func contents(
    _ environment: Environment, folder: String, isSecret: Bool, _ problems: inout ProblemList
  ) -> [UInt8]? {
    guard
      var file = contents(
        environment, folder: folder, limit: SecretFile.limit, hint: unreadableHint, &problems)
    else { return nil }
    if file.bytes.last == UInt8(ascii: "\n") { file.bytes.removeLast() }
    if let defect = SecretRules.defect(of: file.bytes) {
      FileContents.erase(&file.bytes)
      problems.add(
        node.place, self.path, "the content of \(shown) \(defect.reason)", hint: defect.hint)
      return nil
    }
    if isSecret { warnIfReadable(file, &problems) }
    return file.bytes
  }

  private func warnIfReadable(_ file: FileContents, _ problems: inout ProblemList) {
    guard file.isReadableByEveryone else { return }
    problems.warn(
      node.place, self.path, "every user of this machine can read the secret in \(shown)",
      hint: "chmod 600 it")
  }

  /// The file's content. Adds a problem and returns nil on failure.
  private func contents(
    _ environment: Environment, folder: String, limit: Int, hint: String,
    _ problems: inout ProblemList
  ) -> FileContents? {
    guard let path = file(environment, folder: folder) else {
      problems.add(
        node.place, self.path,
        "there are no credentials: the environment variable \(SecretReference.credentialFolder) is "
          + "not set, or not an absolute path",
        hint: "systemd sets it for a unit with LoadCredential=NAME:PATH; elsewhere use {file: PATH}"
      )
      return nil
    }
    do { return try FileContents(path: path, limit: limit) } catch {
      problems.add(
        node.place, self.path, "\(shown) is not readable: \(error.reason)", hint: hint)
      return nil
    }
  }

  private var unreadableHint: String {
    if case .credential = source { return "name it in the unit: LoadCredential=NAME:PATH" }
    return "create it, readable by the gateway's user only (chmod 600)"
  }
}
