/// Secrets that change, and Basic credentials that are refused.
extension TokenManager {
  /// A question whether an app's Basic credential is still good, and when each operation last raised it: one that is
  /// always refused must not keep others from finding out.
  struct BasicCheck: Sendable {
    /// The slot whose next fetch answers it.
    var slot: TokenSlot?
    /// By operation, 255 being those that the catalogue does not know.
    var askedAt: [UInt8: Int64] = [:]
  }

  /// The generation of the secret that `app` uses.
  package func secretGeneration(of app: Int) -> UInt32 { rotations[app].generation }

  /// The app's secrets were read anew. Tokens granted for the old ones stay in use; what failed because of
  /// them is tried again at once.
  ///
  /// - Parameter known: For `secret` and then `nextSecret`, the generation of one with the same bytes; nil
  ///   for a new one.
  /// - Returns: the generation of each, and what to do.
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

  /// The upstream answered 401 to Basic credentials of that secret. A fetch finds out whether it is the
  /// secret that is refused; `operation` does not ask again for ``RefreshSchedule/basicCheckInterval``.
  package mutating func basicRefused(
    app: Int, operation: UInt8, generation: UInt32, at now: Int64
  ) -> [TokenAction] {
    // A newer secret is in use already, which the loops are about to see.
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

  /// A fetch of the app has ended: it may be the one that answers a question about Basic.
  mutating func basicCheckEnded(
    _ app: Int, by slot: TokenSlot, failure: TokenFailure?, at now: Int64
  ) -> [TokenAction] {
    guard basicChecks[app].slot == slot else { return [] }
    basicChecks[app].slot = nil
    // While a secret that worked is refused, callers wait for the next one instead of hearing so.
    if let failure, now < failure.heldUntil { return [] }
    return [.basicChecked(app: app)]
  }
}

extension CredentialRotation {
  /// An operator asks for a try before its time.
  mutating func allowAnotherTry() { _ = replace(with: generations) }
}
