/// Suggestions for a variable that sets nothing.
extension Overlay {
  /// The suggestion for `variable`. Groups and lists of groups have no variable, only the keys of groups do. The
  /// contents of `apps`, `callers`, `limits` and `traffic.capture` can only be written in the file.
  static func hint(for variable: String) -> String {
    let words = normalized(String(variable.dropFirst(prefix.count)))
    if let list = lists(of: Schema.root, below: []).first(where: { words.hasPrefix(normalized($0)) }
    ) {
      return "\(list) is a list of groups, which only the configuration file can hold"
    }
    let below = targets.filter { $0.groups.contains(words) }
    if !below.isEmpty {
      return "it is a group of keys; set one of them: "
        + below.map(\.variable).joined(separator: ", ")
    }
    return ClosestName.hint(for: variable, among: targets.map(\.variable))
  }

  /// The key paths of lists of groups whose values cannot be set by variables.
  private static func lists(of schema: SectionSchema, below path: [String]) -> [String] {
    schema.keys.flatMap { key -> [String] in
      let steps = path + [key.name]
      switch key.kind {
      case .section(let inner): return lists(of: inner, below: steps)
      case .sections: return key.name == "listen" ? [] : [steps.joined(separator: ".")]
      case .scalar, .words, .reference: return []
      }
    }
  }
}

extension Overlay.Target {
  /// The enclosing groups, in the form of a variable's words without underscores: `TRAFFIC`, `TRAFFICLOG`.
  fileprivate var groups: [String] {
    let keys = steps.compactMap { step in
      if case .key(let key) = step { Overlay.normalized(key) } else { nil }
    }
    return keys.indices.dropFirst().map { keys[..<$0].joined() }
  }
}
