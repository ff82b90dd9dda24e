/// Makes ids of traces and spans. They are random but not secret (SplitMix64 from a random start, Steele et al., 2014).
package struct TraceIDs: ~Copyable {
  private var state: UInt64

  package init() { state = UInt64.random(in: .min ... .max) }

  /// For tests.
  package init(seed: UInt64) { state = seed }

  /// A number that is not zero.
  package mutating func next() -> UInt64 {
    var z: UInt64
    repeat {
      state &+= 0x9E37_79B9_7F4A_7C15
      z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
    } while z == 0
    return z
  }
}
