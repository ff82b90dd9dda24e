internal import Memory

/// Reads secrets and ids by reference: `{env: NAME}` or `{file: PATH}`.
///
/// Its messages never quote what was written in a secret's place, because that may be the secret.
struct SecretReference {
  private enum Source {
    case variable(String)
    case file(String)
  }

  private static let fix =
    "write {file: PATH} or {env: NAME}, as in secret: {file: /run/secrets/scorm}"
  private let source: Source
  private let node: Node
  private let path: String

  /// Nil, with a problem added, when `node` is no reference.
  init?(_ node: Node, at path: String, _ problems: inout ProblemList) {
    self.node = node
    self.path = path
    switch node.content {
    case .mapping(let members):
      guard members.count == 1, let member = members.first,
        case .scalar(let text) = member.value.content, !text.isEmpty,
        member.key == "env" || member.key == "file"
      else {
        problems.add(node.place, path, "expected a reference", hint: SecretReference.fix)
        return nil
      }
      source = member.key == "env" ? .variable(text) : .file(text)
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

  /// The path of the file it names, absolute or relative to the working directory; nil for a variable.
  func file(folder: String) -> String? {
    guard case .file(let name) = source else { return nil }
    return name.hasPrefix("/") ? name : folder + name
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

  /// The secret; nil with a problem added.
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
    case .file(let name):
      guard var bytes = contents(of: name, folder: folder, isSecret: true, &problems) else {
        return nil
      }
      return SecretBytes(taking: &bytes)
    }
  }

  /// The text, for values that are not secret; nil with a problem added.
  func text(_ environment: Environment, folder: String, _ problems: inout ProblemList) -> String? {
    switch source {
    case .variable(let name):
      guard let value = environment.value(name) else {
        missingVariable(&problems)
        return nil
      }
      return value
    case .file(let name):
      return contents(of: name, folder: folder, isSecret: false, &problems).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  private func contents(
    of name: String, folder: String, isSecret: Bool, _ problems: inout ProblemList
  ) -> [UInt8]? {
    // A word without a slash may be the secret itself, written in the wrong place.
    let shown = name.contains("/") ? KeyPathText.shown(name) : "named here"
    var file: FileContents
    do {
      file = try FileContents(
        path: name.hasPrefix("/") ? name : folder + name, limit: SecretFile.limit)
    } catch {
      problems.add(
        node.place, path, "the file \(shown) is not readable: \(error.reason)",
        hint: "create it, readable by the gateway's user only (chmod 600)")
      return nil
    }
    if file.bytes.last == UInt8(ascii: "\n") { file.bytes.removeLast() }
    if let defect = SecretRules.defect(of: file.bytes) {
      FileContents.erase(&file.bytes)
      problems.add(
        node.place, path, "the content of the file \(shown) \(defect.reason)", hint: defect.hint)
      return nil
    }
    if isSecret, file.isReadableByEveryone {
      problems.warn(
        node.place, path, "every user of this machine can read the secret in \(shown)",
        hint: "chmod 600 it")
    }
    return file.bytes
  }
}
