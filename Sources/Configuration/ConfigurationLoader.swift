/// Complete and valid settings, and warnings about them.
package struct LoadedSettings: Sendable {
  package let settings: Settings
  /// Sorted by their place in the file.
  package let warnings: [Problem]
  /// The tree that the settings were read from, for the places of its keys.
  let root: Node

  /// Makes a problem of the key `keyPath`, such as `listen[0].address`, that was found after loading. Its place is that
  /// of the key's value, or of the enclosing group if the key is left out.
  package func problem(_ keyPath: String, _ message: String, hint: String = "") -> Problem {
    Problem(at: root.place(of: keyPath), keyPath: keyPath, message: message, hint: hint)
  }
}

/// Loads ``Settings`` from a YAML file, the environment and the command line.
///
/// Precedence: `overrides` (flags), then `SCORM_GATEWAY_…` variables, then the file, then the defaults.
/// Loading is all or nothing: either everything is valid, or every problem is reported. A start and a reload use the
/// same loader.
package struct ConfigurationLoader: Sendable {
  private let catalogue: CatalogueNames
  private let userID: @Sendable (String) -> UInt32?

  /// - Parameters:
  ///   - catalogue: names that `allow`, `limits[].match` and `tokens.scopesList` may use.
  ///   - userID: returns the id of a user of this system.
  package init(
    catalogue: CatalogueNames,
    userID: @escaping @Sendable (String) -> UInt32? = { SystemUsers.id(of: $0) }
  ) {
    self.catalogue = catalogue
    self.userID = userID
  }

  /// Loads and checks the whole configuration.
  ///
  /// - Parameters:
  ///   - file: the path of the configuration file. Nil uses the defaults, with the app `main` from `SCORM_APP_ID` and
  ///     `SCORM_SECRET_KEY` or `SCORM_SECRET_KEY_FILE`.
  ///   - environment: must be the same object for every load of a process, because it remembers removed secrets.
  ///   - overrides: values by key path, such as `admin.address` or `listen.address` (the first listener's).
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
      // Without the file, problems about what it may contain would only mislead.
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

  /// The folder of `file`, with a trailing slash; empty for a bare name.
  private static func folder(of file: String?) -> String {
    guard let file, let slash = file.lastIndex(of: "/") else { return "" }
    return String(file[...slash])
  }

  /// The variables that the apps in `root` refer to with `{env: …}`. Their names may begin like those of settings.
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
