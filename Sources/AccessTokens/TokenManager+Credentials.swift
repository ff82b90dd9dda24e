/// Secrets that change, and Basic credentials that are refused.
extension TokenManager {
  /// The check whether an app's Basic credential is still good, and when each operation last started one. An operation
  /// that is always refused must not keep others from finding out.
  struct BasicCheck: Sendable {
    /// The slot whose next fetch decides it.
    var slot: TokenSlot?
    /// By operation; 255 is for those that are not in the catalogue.
    var askedAt: [UInt8: Int64] = [:]
  }

  /// The generation of the secret that `app` uses.
  package func secretGeneration(of app: Int) -> UInt32 { rotations[app].generation }

  /// Takes over secrets of the app that were read again. Tokens granted for the old ones stay in use. What failed
  /// because of the old ones is tried again immediately.
  ///
  /// - Parameter known: For `secret` and then `nextSecret`, the generation of the one with the same bytes; nil for a
  ///   new one.
  /// - Returns: The generation of each, and what to do.
  package mutating func replaceSecrets(
    of app: Int, known: [UInt32?], at now: Int64
  ) -> (generations: [UInt32], actions: [TokenAction]) {
    let generations = rotations[app].replace(with: known)
    touchedApps.insert(app)
    var actions: [TokenAction] = [
      .useSecret(app: app, generation: rotations[app].generation, isSwitch: false)
    ]
    for index in 0..<slots.count where slots[TokenSlot(index: index)].app == app {
      guard machines[index].isCredentialRefused else { continue }
      notes[index].needsOwn = true
      actions += run(TokenSlot(index: index), machines[index].renew(at: now), at: now)
    }
    return (generations, actions)
  }

  /// Handles a 401 of the upstream to a Basic credential with this secret. A fetch finds out whether the secret itself
  /// is refused. `operation` does not cause another one for ``RefreshSchedule/basicCheckInterval``.
  package mutating func basicRefused(
    app: Int, operation: UInt8, generation: UInt32, at now: Int64
  ) -> [TokenAction] {
    // A newer secret is already in use; the loops are about to see it.
    guard generation == rotations[app].generation else { return [] }
    if basicChecks[app].slot != nil { return [] }
    let next = basicChecks[app].askedAt[operation]?.addingWithoutOverflow(
      schedule.basicCheckInterval)
    guard next.map({ now >= $0 }) ?? true,
      let index = (0..<slots.count).first(where: { slots[TokenSlot(index: $0)].app == app })
    else { return [.basicChecked(app: app)] }
    let slot = TokenSlot(index: index)
    basicChecks[app].slot = slot
    basicChecks[app].askedAt[operation] = now
    notes[slot.index].needsOwn = true
    return run(slot, machines[index].renew(at: now), at: now)
  }

  /// Handles the end of a fetch of the app, which may decide a check of Basic.
  mutating func basicCheckEnded(
    _ app: Int, by slot: TokenSlot, failure: TokenFailure?, at now: Int64
  ) -> [TokenAction] {
    guard basicChecks[app].slot == slot else { return [] }
    basicChecks[app].slot = nil
    // While a secret that had worked is refused, callers wait for the next one instead of getting the refusal.
    if let failure, now < failure.heldUntil { return [] }
    return [.basicChecked(app: app)]
  }
}

extension CredentialRotation {
  /// Allows an attempt before its time, because an operator asks for it.
  mutating func allowAnotherTry() { _ = replace(with: generations) }
}
