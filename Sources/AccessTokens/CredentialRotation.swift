/// Decides which secret of an app is used, and what to do when it is refused.
///
/// An app has one secret, or two while it is being rotated (`secret` and `nextSecret`). A secret is identified by its
/// generation, a number that counts from 1 for the life of the process; the bytes are elsewhere. The rules hold however
/// many tokens the app has:
/// - If a secret is refused, one fetch tries the other one immediately, and the app's other fetches wait for the
///   result. Success switches the app over.
/// - If all are refused, nothing is requested before the time scheduled for the refusal. Then one fetch finds out for
///   all.
///
/// So a wrong secret costs at most one request for each secret every half minute, which locks no account.
struct CredentialRotation: Sendable, Equatable {
  private struct Candidate: Sendable, Equatable {
    let generation: UInt32
    /// Whether the endpoint's last answer about it was a refusal.
    var isRefused = false
    /// When it may be tried again, if it was refused.
    var refusedUntil = Int64.min
  }

  /// What to do for a fetch that is about to start.
  enum Choice: Equatable {
    /// Send it with this secret.
    case fetch(secret: UInt32)
    /// Another fetch is finding out which secret is good. This one is released when that fetch ends.
    case wait
    /// All secrets are refused, and it is too soon to try again.
    case refuse(TokenFailure)
  }

  /// What a fetch's end means for other fetches.
  struct Verdict: Equatable {
    /// The fetch must be repeated with another secret.
    var triesAgain = false
    /// The failure for this fetch and the released ones, in place of the endpoint's own.
    var failure: TokenFailure?
    /// Slots that waited for this fetch.
    var released: [TokenSlot] = []
    /// The app now uses another secret.
    var hasSwitched = false
  }

  /// The first one is in use.
  private var candidates: [Candidate]
  private var latestGeneration: UInt32
  /// The slot whose fetch is finding out whether a doubtful secret is good.
  private var probe: TokenSlot?
  private var waiting: [TokenSlot] = []
  /// The refusal that currently applies.
  private var refusal: TokenFailure?
  /// Some secret of the app has worked.
  private var hasWorked = false
  /// When the secret in use was first refused since it last worked.
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

  /// Notes that a fetch of `slot` with this secret brought a token.
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

  /// Notes that the endpoint refused this secret. `failure` is already scheduled: it says when to try again.
  mutating func refused(
    _ slot: TokenSlot, secret: UInt32, _ failure: TokenFailure, grace: Int64, at now: Int64
  ) -> Verdict {
    var verdict = Verdict()
    endProbe(of: slot, &verdict)
    guard let index = candidates.firstIndex(where: { $0.generation == secret }) else {
      // The secret was replaced while the request was in flight.
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
      // All secrets are tried again at the same time.
      for i in candidates.indices { candidates[i].refusedUntil = scheduled.retryAt }
    }
    verdict.failure = refusal
    return verdict
  }

  /// Notes that the fetch failed for a reason that says nothing about the secret.
  mutating func failed(_ slot: TokenSlot, _ failure: TokenFailure) -> Verdict {
    var verdict = Verdict()
    endProbe(of: slot, &verdict)
    verdict.failure = failure
    return verdict
  }

  /// Forgets `slot`, which has a new meaning from now on: it no longer probes or waits.
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

  /// Replaces the secrets: the configuration or a file has other ones now, or an operator wants the current ones tried
  /// again.
  ///
  /// - Parameter known: For each secret, the generation of the one with the same bytes; nil for a new one.
  /// - Returns: The generation of each. The secret in use stays in use if it is among them and not refused.
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
