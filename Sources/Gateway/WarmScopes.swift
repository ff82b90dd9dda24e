internal import AccessTokens
internal import Configuration
internal import Rules

/// Selects the tokens that are fetched at the start, before any call needs them: those of `tokens.warm`, and those that
/// were in use when the gateway last stopped, if `tokens.stateFile` is set.
///
/// The file has one line per slot: the app's name, a tab, and the scopes. Lines that cannot be read are skipped,
/// because the file only saves the first caller a wait.
struct WarmScopes {
  private let roster: Roster

  init(_ roster: Roster) { self.roster = roster }

  private var settings: Settings { roster.settings }

  private static let head = "# scorm-gateway: scopes in use at the last stop\n"

  /// The slots to fetch tokens for.
  func slots(of table: TokenSlotTable) -> [TokenSlot] {
    let remembered = remembered
    var result: [TokenSlot] = []
    for slot in table.occupied {
      let key = table[slot]
      guard let name = name(of: key.app) else { continue }
      let scopes = key.scopes.split(separator: " ").map(String.init)
      if settings.tokens.warm.contains(where: scopes.contains)
        || remembered.contains("\(name)\t\(key.scopes)")
      {
        result.append(slot)
      }
    }
    return result
  }

  /// The name of an app in force; nil if the app is not in force.
  private func name(of app: Int) -> String? {
    guard app >= 0, app < roster.apps.count, let place = roster.apps.list[app], place.isInForce
    else { return nil }
    return place.item.app.name
  }

  private var remembered: Set<String> {
    guard let path = settings.tokens.stateFile, let text = StateFile.read(path) else { return [] }
    return Set(text.split(separator: "\n").prefix(TokenSlotTable.maximumSlots).map(String.init))
  }

  /// Saves the scopes in use for the next start. Returns a message for the operator if that fails.
  func save(_ listing: TokenListing) -> String? {
    guard let path = settings.tokens.stateFile else { return nil }
    let lines = listing.keys.filter(\.isUsed).compactMap { key in
      name(of: key.app).map { "\($0)\t\(key.scopes)\n" }
    }
    if StateFile.write(WarmScopes.head + lines.joined(), to: path) { return nil }
    return "tokens.stateFile: \(path) cannot be written; the next start fetches tokens when asked"
  }
}
