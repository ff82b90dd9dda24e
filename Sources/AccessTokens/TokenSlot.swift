/// Names one token to be had: an app together with a set of scopes.
///
/// Slots are numbered when a configuration is read, so that the data plane finds a token by an array index instead of
/// hashing an app name and a scope text on every request.
package struct TokenSlot: Hashable, Sendable {
  /// Position in every per-slot array, `0 ..< TokenSlotTable.count`.
  package let index: Int

  @inlinable
  package init(index: Int) { self.index = index }
}

/// Gives every (app, scope set) pair of the configuration its ``TokenSlot``.
///
/// Built while the configuration is read, and constant from then on. The table of the next configuration begins as the
/// one before (``begin(generation:oldest:)``), so that slots keep their numbers. Two spellings of one scope set
/// ("read write", "write read read") are one slot, because they are one token.
package struct TokenSlotTable: Sendable {
  /// Most slots there can be. 161 operations name fewer than 40 scope sets, so this is room for a
  /// hundred apps; it bounds the memory of every loop's copy.
  package static let maximumSlots = 4096
  /// Longest scope text, in bytes.
  package static let maximumScopeBytes = 1024

  /// Why a pair gets no slot.
  package enum Refusal: Error, Equatable, Sendable {
    /// There are ``TokenSlotTable/maximumSlots`` slots already.
    case tooManySlots
    /// The scope text names no scope; the token endpoints require one.
    case noScope
    /// A scope holds bytes that RFC 6749 section 3.3 does not allow, or the text is too long.
    case badScope
  }

  /// What a slot stands for.
  package struct Key: Hashable, Sendable {
    /// The app's number; -1 for a slot that is vacant.
    package let app: Int
    /// The scopes, sorted, each once, one space between them.
    package let scopes: String

    package init(app: Int, scopes: String) {
      self.app = app
      self.scopes = scopes
    }
    package var isVacant: Bool { app < 0 }
    static let vacant = Key(app: -1, scopes: "")
  }

  private var keys: [Key] = []
  /// Per slot, the last generation of the configuration that asked for it.
  private var usedIn: [UInt32] = []
  private var generation: UInt32 = 1
  private var slots: [Key: TokenSlot] = [:]
  /// The same by what was asked for: most of 161 operations ask in words that were seen before.
  private var spellings: [Key: TokenSlot] = [:]

  package init() {}

  /// How many slots there are, vacant ones among them.
  package var count: Int { keys.count }

  /// The slots that are not vacant.
  package var occupied: [TokenSlot] {
    keys.indices.filter { !keys[$0].isVacant }.map { TokenSlot(index: $0) }
  }

  /// From here on the slots of another configuration are asked for. Those that no generation since `oldest` has asked
  /// for are vacated, and those of apps that are gone.
  package mutating func begin(
    generation: UInt32, oldest: UInt32, isGone: (_ app: Int) -> Bool = { _ in false }
  ) {
    self.generation = generation
    for index in keys.indices
    where !keys[index].isVacant && (usedIn[index] < oldest || isGone(keys[index].app)) {
      slots[keys[index]] = nil
      keys[index] = .vacant
    }
    spellings.removeAll(keepingCapacity: true)
  }

  /// The slot of `app` with `scopes` (separated by spaces, in any order), made if it is new.
  package mutating func slot(for app: Int, scopes: String) throws(Refusal) -> TokenSlot {
    let spelling = Key(app: app, scopes: scopes)
    if let known = spellings[spelling] { return known }
    let slot = try normalizedSlot(for: app, scopes)
    spellings[spelling] = slot
    return slot
  }

  private mutating func normalizedSlot(
    for app: Int, _ scopes: String
  ) throws(Refusal) -> TokenSlot {
    guard scopes.utf8.count <= Self.maximumScopeBytes else { throw .badScope }
    let list = Set(scopes.split(separator: " ")).sorted()
    guard !list.isEmpty else { throw .noScope }
    for scope in list where !scope.utf8.allSatisfy(Self.isScopeCharacter) { throw .badScope }
    let key = Key(app: app, scopes: list.joined(separator: " "))
    if let known = slots[key] {
      usedIn[known.index] = generation
      return known
    }
    let slot = TokenSlot(index: keys.firstIndex(where: \.isVacant) ?? keys.count)
    guard slot.index < Self.maximumSlots else { throw .tooManySlots }
    if slot.index == keys.count {
      keys.append(key)
      usedIn.append(generation)
    } else {
      keys[slot.index] = key
      usedIn[slot.index] = generation
    }
    slots[key] = slot
    return slot
  }

  /// What `slot` stands for. Traps on a slot of another table.
  package subscript(slot: TokenSlot) -> Key { keys[slot.index] }

  /// `scope-token` of RFC 6749 section 3.3: printable ASCII without space, `"` and `\`, so that a scope
  /// needs no escaping inside a JSON string either.
  private static func isScopeCharacter(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}
