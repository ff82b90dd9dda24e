internal import AccessTokens
internal import Configuration

/// Which tokens are fetched at the start, before anybody asks: those of `tokens.warm`, and those that were in
/// use when the gateway last stopped, if `tokens.stateFile` says where that is kept.
///
/// The file holds a line for each key, the app's name and the scopes with a tab between. What is not
/// understood in it is skipped: it only ever saves the first caller a wait.
struct WarmScopes {
  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  private static let head = "# scorm-gateway: scopes in use at the last stop\n"

  /// The slots to fetch tokens for.
  func slots(of table: TokenSlotTable) -> [TokenSlot] {
    let remembered = remembered
    var result: [TokenSlot] = []
    for index in 0..<table.count {
      let slot = TokenSlot(index: index)
      let key = table[slot]
      let scopes = key.scopes.split(separator: " ").map(String.init)
      if settings.tokens.warm.contains(where: scopes.contains)
        || remembered.contains("\(settings.apps[key.app].name)\t\(key.scopes)")
      {
        result.append(slot)
      }
    }
    return result
  }

  private var remembered: Set<String> {
    guard let path = settings.tokens.stateFile, let text = StateFile.read(path) else { return [] }
    return Set(text.split(separator: "\n").prefix(TokenSlotTable.maximumSlots).map(String.init))
  }

  /// Keeps the scopes in use for the next start; what the operator must hear if that fails.
  func save(_ listing: TokenListing) -> String? {
    guard let path = settings.tokens.stateFile else { return nil }
    let lines = listing.keys.filter(\.isUsed).map { key in
      "\(settings.apps[key.app].name)\t\(key.scopes)\n"
    }
    if StateFile.write(WarmScopes.head + lines.joined(), to: path) { return nil }
    return "tokens.stateFile: \(path) cannot be written; the next start fetches tokens when asked"
  }
}
