/// Makes identifiers, secrets and jitter. The same seed gives the same values in the same order.
struct IdentifierSource: StoredRecord, Equatable {
  private var seed = 0
  /// Numbers made so far.
  private var count = 0

  init() {}

  /// - Parameter name: sources with different names make different identifiers.
  init(seed: Int, name: String) {
    // FNV-1a.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    self.seed = Int(truncatingIfNeeded: (hash &+ UInt64(bitPattern: Int64(seed))) >> 1)
  }

  mutating func exchange(_ fields: inout RecordFields) {
    fields.field("seed", &seed)
    fields.field("count", &count)
  }

  /// The next number of SplitMix64.
  mutating func number() -> UInt64 {
    count += 1
    return IdentifierSource.mixed(UInt64(bitPattern: Int64(seed)), count)
  }

  private static func mixed(_ seed: UInt64, _ count: Int) -> UInt64 {
    var value = seed &+ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// An identifier in the form of a UUID (RFC 9562, version 4).
  mutating func identifier() -> Identifier {
    let high = number()
    return Identifier(uuid: high, number())
  }

  /// The identifier that always belongs to `serial`, so it need not be stored.
  func identifier(serial: Int) -> Identifier {
    let seed = UInt64(bitPattern: Int64(seed))
    return Identifier(
      uuid: IdentifierSource.mixed(seed, 2 * serial), IdentifierSource.mixed(~seed, 2 * serial + 1))
  }

  /// A secret of 40 letters and digits.
  mutating func secret() -> String {
    let letters = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".unicodeScalars)
    var text = ""
    for _ in 0..<40 { text.unicodeScalars.append(letters[Int(number() % UInt64(letters.count))]) }
    return text
  }
}
