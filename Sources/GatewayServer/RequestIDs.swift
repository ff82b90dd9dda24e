internal import Memory

/// Makes and checks request ids.
struct RequestIDs: ~Copyable {
  private var state: UInt64

  init() { state = UInt64.random(in: .min ... .max) }

  /// The most bytes of an id that a caller may choose.
  static let maximumLength = 128

  /// Appends a new id of 32 hexadecimal digits. Unique, not secret: SplitMix64 (Steele et al., 2014) from
  /// a random start.
  mutating func putNew(into out: inout ByteBuffer) {
    let first = next()
    out.put(hexadecimal: first, next())
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Whether a caller's id may be used: 1–128 letters, digits and `-_.:/+=@~`.
  static func isSafe(_ id: RawSpan) -> Bool {
    guard id.byteCount > 0, id.byteCount <= maximumLength else { return false }
    for i in 0..<id.byteCount {
      switch id[i] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: continue
      case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
        UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "@"),
        UInt8(ascii: "~"):
        continue
      default: return false
      }
    }
    return true
  }
}
