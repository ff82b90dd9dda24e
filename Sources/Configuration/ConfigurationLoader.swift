/// Settings that are complete and valid, and what is doubtful about them.
package struct LoadedSettings: Sendable {
  package let settings: Settings
  /// Sorted by place.
  package let warnings: [Problem]
  /// What they were read from, for the places of its keys.
  let root: Node

  /// A problem of the key `keyPath`, as `listen[0].address`, that is found after loading: with the place where the
  /// key's value stands, or what holds it when the key is left out.
  package func problem(_ keyPath: String, _ message: String, hint: String = "") -> Problem {
    Problem(at: root.place(of: keyPath), keyPath: keyPath, message: message, hint: hint)
  }
}

/// Loads ``Settings`` from a YAML file, the environment and the command line.
///
/// Precedence: `overrides` (flags), then `SCORM_GATEWAY_…` variables, then the file, then the defaults.
/// Either everything is right, or nothing is loaded and every problem is told: a start and a reload go the
/// same way.
package struct ConfigurationLoader: Sendable {
  private let catalogue: CatalogueNames
  private let userID: @Sendable (String) -> UInt32?

  /// - Parameters:
  ///   - catalogue: names that `allow`, `limits[].match` and `tokens.scopesList` may use.
  ///   - userID: finds the number of a user of this system.
  package init(
    catalogue: CatalogueNames,
    userID: @escaping @Sendable (String) -> UInt32? = { SystemUsers.id(of: $0) }
  ) {
    self.catalogue = catalogue
    self.userID = userID
  }

  /// Loads and checks everything.
  ///
  /// - Parameters:
  ///   - file: path of the configuration file; nil: defaults, with the app `main` described by
  ///     `SCORM_APP_ID` and `SCORM_SECRET_KEY` or `SCORM_SECRET_KEY_FILE`.
  ///   - environment: the same object for every load of a process, since it remembers taken secrets.
  ///   - overrides: values by key path, as `admin.address` or `listen.address` (the first listener's).
  /// - Throws: all problems at once.
  package func load(
    file: String?, environment: Environment, overrides: [String: String] = [:]
  ) throws(ConfigurationError) -> LoadedSettings {
    var problems = ProblemList()
    var root = Node(.null, at: Place(.defaults))
    if let file {
      do {
        let contents = try FileContents(path: file, limit: YAMLTree.maximumSize)
        if let parsed = YAMLTree.parse(contents.bytes, file: file, &problems) { root = parsed }
      } catch {
        problems.add(
          Place(.file(file)), "", "not readable: \(error.reason)",
          hint: "give the path of a configuration file")
      }
      // Without the file, complaints about what it may well contain would only mislead.
      if case .null = root.content, !problems.isEmpty { throw problems.error }
    }
    Overlay.apply(
      environment, to: &root, referenced: ConfigurationLoader.variables(in: root), &problems)
    Overlay.apply(overrides, to: &root, &problems)
    var decoder = SettingsDecoder(
      problems: problems, environment: environment, catalogue: catalogue,
      folder: ConfigurationLoader.folder(of: file), userID: userID)
    let settings = decoder.settings(root)
    guard let settings, decoder.problems.isEmpty else { throw decoder.problems.error }
    return LoadedSettings(
      settings: settings, warnings: decoder.problems.sortedWarnings, root: root)
  }

  /// The folder of `file`, with a slash behind it; empty for a bare name.
  private static func folder(of file: String?) -> String {
    guard let file, let slash = file.lastIndex(of: "/") else { return "" }
    return String(file[...slash])
  }

  /// Variables that the apps of `root` refer to with `{env: …}`: they may start like a setting's.
  private static func variables(in root: Node) -> Set<String> {
    guard case .sequence(let apps) = root.member("apps")?.content else { return [] }
    var names: Set<String> = []
    for app in apps {
      for key in Schema.app.names {
        if case .scalar(let name) = app.member(key)?.member("env")?.content { names.insert(name) }
      }
    }
    return names
  }
}
