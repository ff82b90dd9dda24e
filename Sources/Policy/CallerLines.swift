internal import Configuration
internal import JSONText

/// An entry of `callers[]` as lines of YAML, always in the same form, so that two can be compared.
struct CallerLines {
  struct Line {
    let text: String
    /// After the text, or alone on the line; nil for none.
    var comment: String?
  }

  private(set) var lines: [Line] = []

  /// The entry of a caller as configured.
  init(_ caller: Caller, comment: (_ text: String) -> String?) {
    addHead(caller.name, caller)
    addList("apps", caller.apps.map { ($0, comment("app \($0)")) })
    addList("allow", caller.allow.map(GrantList.text).map { ($0, comment($0)) })
    addEnd(caller.mode, caller)
  }

  /// The suggested entry.
  init(_ caller: PolicySuggestion.Caller, comment: (PolicySuggestion.Grant) -> String) {
    addHead(caller.name, caller.present)
    addList("apps", caller.apps.map { ($0.text, comment($0)) })
    addList("allow", caller.allow.map { ($0.text, comment($0)) })
    addEnd(caller.mode, caller.present)
  }

  private mutating func add(_ text: String, _ comment: String? = nil) {
    lines.append(Line(text: text, comment: comment))
  }

  private mutating func addHead(_ name: String, _ configured: Caller?) {
    add("  - name: \(CallerLines.scalar(name))")
    guard let match = configured?.match else { return }
    var conditions: [String] = []
    if let user = match.unixUser { conditions.append("unixUser: \(CallerLines.scalar(user.name))") }
    if let block = match.address {
      conditions.append("address: \(CallerLines.scalar(block.description))")
    }
    if let listener = match.listener {
      conditions.append("listener: \(CallerLines.scalar(listener.description))")
    }
    switch match.certificate {
    case .uri(let name): conditions.append("certificate: {uri: \(CallerLines.scalar(name))}")
    case .dns(let name): conditions.append("certificate: {dns: \(CallerLines.scalar(name))}")
    case nil: break
    }
    add("    match: {\(conditions.joined(separator: ", "))}")
  }

  private mutating func addList(_ key: String, _ entries: [(text: String, comment: String?)]) {
    guard !entries.isEmpty else { return add("    \(key): []") }
    add("    \(key):")
    for entry in entries { add("      - \(CallerLines.scalar(entry.text))", entry.comment) }
  }

  private mutating func addEnd(_ mode: Caller.Mode, _ configured: Caller?) {
    if mode != .normal { add("    mode: \(mode.rawValue)") }
    guard let configured else { return }
    if configured.priority != .interactive {
      add("    priority: \(configured.priority.rawValue)")
    }
    if configured.weight != 1 { add("    weight: \(configured.weight)") }
  }

  /// `text` as a YAML scalar: in quotation marks unless it is a plain word that cannot be read as anything else. JSON
  /// strings are valid YAML (YAML 1.2 section 1.3).
  static func scalar(_ text: String) -> String {
    let isWord =
      (text.utf8.first.map { CallerLines.isLetter($0) } ?? false)
      && text.utf8.allSatisfy { isLetter($0) || 0x30...0x39 ~= $0 || "-_:".utf8.contains($0) }
      && !text.hasSuffix(":")
      && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        .contains(text.lowercased())
    return isWord ? text : text.quotedAsJSON
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    0x41...0x5A ~= byte || 0x61...0x7A ~= byte
  }
}
