import Memory

@testable import AccessTokens

let second: Int64 = 1_000_000_000

func secret(_ text: String) -> SecretBytes {
  SecretBytes(copying: Array(text.utf8).span.bytesOfElements)
}

func grant(_ text: String = "token", seconds: Int64 = 100, fingerprint: UInt32 = 1) -> AccessToken {
  AccessToken(secret: secret(text), fingerprint: fingerprint, lifetime: seconds * second)
}

func failure(
  _ reason: TokenFailure.Reason = .unreachable, retryAfter: Int64? = nil
) -> TokenFailure {
  TokenFailure(reason, detail: "a test's failure", retryAfter: retryAfter)
}

/// Seeded, so that a failing sequence can be repeated.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension [TokenStateMachine.Action] {
  var fetches: Int { count { $0 == .startFetch } }
  var published: TokenEntry? {
    for case .publish(let entry) in reversed() { return entry }
    return nil
  }
  var timer: Int64? {
    for case .armTimer(let at) in reversed() { return at }
    return nil
  }
}
