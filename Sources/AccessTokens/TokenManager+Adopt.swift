/// Changes to the slots and apps of another configuration.
extension TokenManager {
  /// What the manager must know about one app.
  package struct AppSecrets: Sendable {
    /// For `secret` and then `nextSecret`, the generation of the one with the same bytes; nil for a new one.
    package var known: [UInt32?]
    /// The number denotes a different app than before.
    package var isNew: Bool

    package init(known: [UInt32?], isNew: Bool) {
      self.known = known
      self.isNew = isNew
    }
  }

  /// The slots of `next` that have a different meaning than here, including the added ones.
  package func renewed(by next: TokenSlotTable) -> [TokenSlot] {
    (0..<next.count).map { TokenSlot(index: $0) }.filter { slot in
      slot.index >= slots.count || slots[slot] != next[slot]
    }
  }

  /// Uses `next` from now on. Slots and apps that mean the same as before continue unchanged.
  ///
  /// - Parameters:
  ///   - lifetime: The lifetime to request, in seconds.
  ///   - apps: By number.
  ///   - abandoned: Slots whose fetch in flight was abandoned because their meaning has changed.
  /// - Returns: The generations of each app's secrets, by app, and what to do.
  package mutating func adopt(
    _ next: TokenSlotTable, lifetime: Int64, apps: [AppSecrets], abandoned: [TokenSlot],
    at now: Int64
  ) -> (generations: [[UInt32]], actions: [TokenAction]) {
    for slot in abandoned { forgetFetch(of: slot) }
    for slot in renewed(by: next) { renewPlace(of: slot) }
    slots = next
    self.lifetime = lifetime
    var generations: [[UInt32]] = []
    var actions: [TokenAction] = []
    for (app, secrets) in apps.enumerated() {
      if app < rotations.count, !secrets.isNew {
        guard !secrets.known.isEmpty else {
          generations.append([])
          continue
        }
        let replaced = replaceSecrets(of: app, known: secrets.known, at: now)
        generations.append(replaced.generations)
        actions += replaced.actions
      } else {
        renewApp(app, secrets: secrets.known.count)
        generations.append(rotations[app].generations)
      }
      touchedApps.insert(app)
    }
    return (generations, actions + startQueued(at: now))
  }

  private mutating func renewPlace(of slot: TokenSlot) {
    touchedSlots.insert(slot.index)
    dropFromQueue(slot)
    for app in rotations.indices { rotations[app].forget(slot) }
    guard slot.index == machines.count else {
      machines[slot.index] = TokenStateMachine(schedule: schedule)
      notes[slot.index] = SlotNotes()
      clearTimer(of: slot)
      return
    }
    machines.append(TokenStateMachine(schedule: schedule))
    notes.append(SlotNotes())
    addTimer()
  }

  private mutating func renewApp(_ app: Int, secrets: Int) {
    let rotation = CredentialRotation(secrets: secrets)
    guard app == rotations.count else {
      rotations[app] = rotation
      basicChecks[app] = BasicCheck()
      appNotes[app] = AppNotes()
      return
    }
    rotations.append(rotation)
    basicChecks.append(BasicCheck())
    appNotes.append(AppNotes())
    addApp()
  }
}
