/// Decodes the node tree into ``Settings``, section by section, and checks references between sections.
///
/// Each extension decodes one section. Nothing throws: problems are collected, absent values get their defaults, and
/// the result is valid only if no problem was found.
struct SettingsDecoder {
  var problems: ProblemList
  let environment: Environment
  let catalogue: CatalogueNames
  /// The configuration file's folder with a trailing slash, for relative paths; empty without a file.
  let folder: String
  let userID: @Sendable (String) -> UInt32?

  /// Nil if `root` is not a mapping.
  mutating func settings(_ root: Node) -> Settings? {
    guard let section = Section(root, at: "", Schema.root, &problems) else { return nil }
    let listeners = self.listeners(section)
    let admin = self.admin(section, besides: listeners)
    let upstream = self.upstream(section)
    let apps = self.apps(section)
    let defaultApp = self.defaultApp(section, apps)
    let (tokens, tokenShare) = self.tokens(section)
    let callers = self.callers(section, apps, listeners)
    checkListeners(listeners, name: callers)
    return Settings(
      listeners: listeners.map(\.value), admin: admin, upstream: upstream,
      apps: apps.compactMap(\.app), defaultApp: defaultApp, tokens: tokens,
      callers: callers.map(\.value), policy: policy(section), limits: limits(section),
      shared: shared(section), tokenShare: tokenShare,
      pages: pages(section), jobs: jobs(section), uploads: uploads(section),
      traffic: traffic(section),
      replicas: section.value(Keys.replicas, &problems),
      drainDelay: section.value(Keys.drainDelay, &problems))
  }

  private mutating func pages(_ root: Section) -> PageSettings {
    let section = self.section("pages", Schema.pages, of: root)
    return PageSettings(
      maxPages: section.value(Keys.maxPages, &problems),
      maxItems: section.value(Keys.maxItems, &problems),
      maxTime: section.value(Keys.maxTime, &problems))
  }

  private mutating func jobs(_ root: Section) -> JobSettings {
    let section = self.section("jobs", Schema.jobs, of: root)
    return JobSettings(
      maxWait: section.value(Keys.maxJobWait, &problems),
      poll: section.value(Keys.poll, &problems))
  }

  private mutating func uploads(_ root: Section) -> UploadSettings {
    let section = self.section("uploads", Schema.uploads, of: root)
    let spool = section.choice(Keys.spool, &problems)
    let folder = section.text("folder", example: "/var/lib/scorm-gateway", &problems)
      .flatMap { filePath($0) }
    if folder != nil, spool != .disk {
      problems.add(
        section.place(of: "folder"), section.path("folder"), "a folder belongs to spool: disk",
        hint: "add spool: disk, or remove the key")
    }
    return UploadSettings(
      spool: spool, maxSpool: section.value(Keys.maxSpool, &problems), folder: folder)
  }

  /// A value with the section it came from, for checks across sections.
  struct Sourced<Value> {
    let value: Value
    let section: Section
  }

  /// The section under `key`. If it is left out, an empty section, whose values are all defaults.
  mutating func section(_ key: String, _ schema: SectionSchema, of parent: Section) -> Section {
    parent.section(key, schema, &problems)
      ?? Section(emptyAt: parent.path(key), parent.place(of: key))
  }

  /// The name under `name`: required, unique among `taken`, valid in paths, header fields and metrics.
  mutating func name(_ section: Section, example: String, _ taken: inout [String: Int]) -> String? {
    guard let word = section.text("name", example: example, &problems) else {
      if section.node("name") == nil {
        problems.add(
          section.place, section.path("name"), "a name is required",
          hint: "for example name: \(example)")
      }
      return nil
    }
    guard SettingsDecoder.isName(word.text) else {
      problems.add(
        word.place, word.path, "\(word.quoted) is not a valid name",
        hint: "1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit")
      return nil
    }
    if let line = taken[word.text] {
      problems.add(
        word.place, word.path, "this name is taken",
        hint: line > 0 ? "it is already on line \(line)" : "")
    } else {
      taken[word.text] = word.place.line
    }
    return word.text
  }

  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= 64 else {
      return false
    }
    return text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
  }

  /// A path in the file is relative to the file's folder. Words from elsewhere are unchanged.
  func resolved(_ word: Word) -> String {
    guard case .file = word.place.origin, !word.text.hasPrefix("/") else { return word.text }
    return folder + word.text
  }

  /// A file path: not empty, without control bytes, within the system's length limit.
  mutating func filePath(_ word: Word) -> String? {
    let path = resolved(word)
    guard !word.text.isEmpty, path.utf8.count < 4_096, path.utf8.allSatisfy({ $0 >= 0x20 }) else {
      problems.add(word.place, word.path, "not a valid path")
      return nil
    }
    return path
  }
}
