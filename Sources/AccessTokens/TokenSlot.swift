/// The place of one token: an app with a set of scopes.
///
/// Slots are numbered when a configuration is read. The data plane then finds a token by an array index, and need not
/// hash an app's name and a scope text for every request.
package struct TokenSlot: Hashable, Sendable {
  /// Position in every per-slot array, `0 ..< TokenSlotTable.count`.
  package let index: Int

  @inlinable
  package init(index: Int) { self.index = index }
}

/// Assigns a ``TokenSlot`` to every pair of app and scope set in the configuration.
///
/// Built while the configuration is read, and constant afterwards. The table of the next configuration starts as the
/// previous one (``begin(generation:oldest:)``), so slots keep their numbers. Two spellings of one scope set ("read
/// write", "write read read") are one slot, because they are one token.
package struct TokenSlotTable: Sendable {
  /// The most slots. 161 operations name fewer than 40 scope sets, so this is enough for a hundred apps. It bounds the
  /// memory of every loop's copy.
  package static let maximumSlots = 4096
  /// Longest scope text, in bytes.
  package static let maximumScopeBytes = 1024

  /// Why a pair does not get a slot.
  package enum Refusal: Error, Equatable, Sendable {
    /// There are already ``TokenSlotTable/maximumSlots`` slots.
    case tooManySlots
    /// The scope text names no scope; the token endpoints require one.
    case noScope
    /// A scope contains bytes that RFC 6749 section 3.3 does not allow, or the text is too long.
    case badScope
  }

  /// The meaning of a slot.
  package struct Key: Hashable, Sendable {
    /// The app's number; -1 for a vacant slot.
    package let app: Int
    /// The scopes, sorted and without duplicates, separated by one space.
    package let scopes: String

    package init(app: Int, scopes: String) {
      self.app = app
      self.scopes = scopes
    }
    package var isVacant: Bool { app < 0 }
    static let vacant = Key(app: -1, scopes: "")
  }

  private var keys: [Key] = []
  /// By slot, the last generation of the configuration that requested it.
  private var usedIn: [UInt32] = []
  private var generation: UInt32 = 1
  private var slots: [Key: TokenSlot] = [:]
  /// Slots by the requested spelling: most of 161 operations use a spelling that was seen before.
  private var spellings: [Key: TokenSlot] = [:]

  package init() {}

  /// The number of slots, including vacant ones.
  package var count: Int { keys.count }

  /// The slots that are not vacant.
  package var occupied: [TokenSlot] {
    keys.indices.filter { !keys[$0].isVacant }.map { TokenSlot(index: $0) }
  }

  /// Begins the slots of another configuration. Slots that no generation since `oldest` has requested, and slots of
  /// removed apps, become vacant.
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

  /// The slot of `app` with `scopes` (separated by spaces, in any order). It is created if it is new.
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

  /// The meaning of `slot`. Traps on a slot of another table.
  package subscript(slot: TokenSlot) -> Key { keys[slot.index] }

  /// Whether `byte` may be in a `scope-token` of RFC 6749 section 3.3: printable ASCII without space, `"` and `\`. So a
  /// scope needs no escaping in a JSON string either.
  private static func isScopeCharacter(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}
