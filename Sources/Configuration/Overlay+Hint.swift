/// What to do about a variable that sets nothing.
extension Overlay {
  /// Groups and lists of groups have no variable of their own: only what stands in them has, and what stands in
  /// `apps`, `callers`, `limits` and `traffic.capture` is written in the file.
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

  /// Key paths of the lists of groups whose values no variable sets.
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
  /// The groups that it stands in, as the words of a variable without underscores: `TRAFFIC`, `TRAFFICLOG`.
  fileprivate var groups: [String] {
    let keys = steps.compactMap { step in
      if case .key(let key) = step { Overlay.normalized(key) } else { nil }
    }
    return keys.indices.dropFirst().map { keys[..<$0].joined() }
  }
}
