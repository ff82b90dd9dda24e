/// Which secret of an app is used, and what is done when it is refused.
///
/// An app has one secret, or two while it is being rotated (`secret` and `nextSecret`). Secrets are named by
/// their generation, a number that counts them from 1 for the life of the process; the bytes are elsewhere.
/// The rules, whatever number of tokens the app has:
/// - a secret that is refused makes the other one be tried at once, by one fetch, while the app's other
///   fetches wait for what comes of it; success switches the app over;
/// - when all are refused, nobody asks before the time the refusal was scheduled for, and then one fetch
///   finds out for all.
///
/// So a wrong secret costs at most one request a secret every half a minute, which locks nobody out.
struct CredentialRotation: Sendable, Equatable {
  private struct Candidate: Sendable, Equatable {
    let generation: UInt32
    /// The endpoint's last word about it.
    var isRefused = false
    /// When it may be tried again, if it was refused.
    var refusedUntil = Int64.min
  }

  /// What to do for a fetch that is about to start.
  enum Choice: Equatable {
    /// Send it with that secret.
    case fetch(secret: UInt32)
    /// Another fetch finds out which secret is good; this one is released with it.
    case wait
    /// All secrets are refused, and it is too soon to ask again.
    case refuse(TokenFailure)
  }

  /// What a fetch's end means for the others.
  struct Verdict: Equatable {
    /// The fetch has to be made again, with another secret.
    var triesAgain = false
    /// What the fetch, and those released, are told instead of the endpoint's own words.
    var failure: TokenFailure?
    /// Slots that waited for this fetch.
    var released: [TokenSlot] = []
    /// The app now uses another secret.
    var hasSwitched = false
  }

  /// The one in use is the first.
  private var candidates: [Candidate]
  private var latestGeneration: UInt32
  /// The slot whose fetch finds out whether a doubtful secret is good.
  private var probe: TokenSlot?
  private var waiting: [TokenSlot] = []
  /// The refusal that is in force.
  private var refusal: TokenFailure?
  /// Some secret of the app has worked.
  private var hasWorked = false
  /// When the secret in use was refused first since one last worked.
  private var refusedSince: Int64?

  /// - Parameter secrets: How many secrets there are, 1 or 2.
  init(secrets: Int) {
    candidates = (1...UInt32(max(1, secrets))).map { Candidate(generation: $0) }
    latestGeneration = UInt32(max(1, secrets))
  }

  /// The generation of the secret in use.
  var generation: UInt32 { candidates[0].generation }
  /// The generations of all secrets, the one in use first.
  var generations: [UInt32] { candidates.map(\.generation) }
  /// Whether there is another secret to try.
  var hasNext: Bool { candidates.count > 1 }
  /// Whether the secret in use is refused.
  var isRefused: Bool { candidates[0].isRefused }
  /// Whether a fetch is finding out which secret is good.
  var isProbing: Bool { probe != nil }

  /// Chooses the secret for a fetch of `slot`.
  mutating func choose(for slot: TokenSlot, at now: Int64) -> Choice {
    guard
      let index = candidates.firstIndex(where: { !$0.isRefused })
        ?? candidates.firstIndex(where: { now >= $0.refusedUntil })
    else { return .refuse(refusal ?? CredentialRotation.unexplained) }
    if index > 0 || candidates[index].isRefused {
      guard probe == nil || probe == slot else {
        waiting.append(slot)
        return .wait
      }
      probe = slot
    }
    return .fetch(secret: candidates[index].generation)
  }

  private static let unexplained = TokenFailure(
    .refusedCredential(status: 401), detail: "the app's secret was refused")

  /// A fetch of `slot` with that secret has brought a token.
  mutating func succeeded(_ slot: TokenSlot, secret: UInt32) -> Verdict {
    var verdict = Verdict()
    endProbe(of: slot, &verdict)
    hasWorked = true
    guard let index = candidates.firstIndex(where: { $0.generation == secret }) else {
      return verdict
    }
    candidates[index].isRefused = false
    refusedSince = nil
    refusal = nil
    if index > 0 {
      candidates.swapAt(0, index)
      verdict.hasSwitched = true
    }
    return verdict
  }

  /// The endpoint refused that secret. `failure` is scheduled: it says when to ask again.
  mutating func refused(
    _ slot: TokenSlot, secret: UInt32, _ failure: TokenFailure, grace: Int64, at now: Int64
  ) -> Verdict {
    var verdict = Verdict()
    endProbe(of: slot, &verdict)
    guard let index = candidates.firstIndex(where: { $0.generation == secret }) else {
      // The secret was replaced while the request was under way.
      verdict.triesAgain = true
      return verdict
    }
    if !candidates[index].isRefused || now >= candidates[index].refusedUntil {
      candidates[index].isRefused = true
      candidates[index].refusedUntil = failure.retryAt
    }
    if candidates.contains(where: { !$0.isRefused || now >= $0.refusedUntil }) {
      verdict.triesAgain = true
      return verdict
    }
    if refusal == nil || now >= refusal?.retryAt ?? 0 {
      if refusedSince == nil { refusedSince = now }
      var scheduled = failure
      if hasWorked, let since = refusedSince {
        scheduled.heldUntil = since.addingWithoutOverflow(grace)
      }
      refusal = scheduled
      // One round for all of them.
      for i in candidates.indices { candidates[i].refusedUntil = scheduled.retryAt }
    }
    verdict.failure = refusal
    return verdict
  }

  /// The fetch failed for a reason that says nothing about the secret.
  mutating func failed(_ slot: TokenSlot, _ failure: TokenFailure) -> Verdict {
    var verdict = Verdict()
    endProbe(of: slot, &verdict)
    verdict.failure = failure
    return verdict
  }

  /// `slot` stands for something else from now on: nothing is found out by it, and it waits for nothing.
  mutating func forget(_ slot: TokenSlot) {
    waiting.removeAll { $0 == slot }
    if probe == slot { probe = nil }
  }

  private mutating func endProbe(of slot: TokenSlot, _ verdict: inout Verdict) {
    guard probe == slot else { return }
    probe = nil
    verdict.released = waiting
    waiting = []
  }

  /// The configuration or a file has other secrets now, or an operator wants the current ones tried again.
  ///
  /// - Parameter known: For each secret, the generation of one it equals byte for byte; nil for a new one.
  /// - Returns: the generation of each. What is in use stays in use if it is among them and not refused.
  mutating func replace(with known: [UInt32?]) -> [UInt32] {
    let inUse = candidates[0]
    var next: [Candidate] = []
    var generations: [UInt32] = []
    for generation in known {
      var candidate: Candidate
      if let generation, let old = candidates.first(where: { $0.generation == generation }) {
        candidate = old
        candidate.refusedUntil = .min
      } else {
        latestGeneration &+= 1
        candidate = Candidate(generation: latestGeneration)
      }
      generations.append(candidate.generation)
      if !next.contains(where: { $0.generation == candidate.generation }) { next.append(candidate) }
    }
    if !inUse.isRefused, let index = next.firstIndex(where: { $0.generation == inUse.generation }) {
      next.insert(next.remove(at: index), at: 0)
    }
    if !next.isEmpty { candidates = next }
    refusal = nil
    return generations
  }
}
