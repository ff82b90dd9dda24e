internal import EventLoop
internal import Fleet
internal import RateLimiting

/// Leases: how limits are used, what the store is asked for, and how its answers are applied.
extension FleetHandler {
  mutating func lookAtShares(on loop: inout EventLoop) {
    let now = loop.now
    var present: Set<String> = []
    for use in parts.limiter.shareUses(at: now, most: FleetHandler.mostQuotas) {
      guard let (name, limit) = settings.limits.quota(use.key) else { continue }
      if members[name] == nil, members.count >= FleetHandler.mostShares {
        divide(use.key, limit.terms, at: now)
        continue
      }
      present.insert(name)
      if members[name]?.key != use.key || members[name]?.holder.terms != limit.terms {
        members[name] = Member(
          key: use.key, holder: LeaseHolder(limit.terms, times), limitName: limit.name, seenAt: now)
      }
      members[name]?.holder.note(use, at: now)
    }
    for name in Array(members.keys) {
      guard present.contains(name) else {
        members[name] = nil
        continue
      }
      if members[name]?.holder.lapse(at: now) ?? false { fallBack(name, at: now) }
      checkStart(name, at: now)
    }
    ask(on: &loop)
  }

  /// Divides a quota instead of sharing it, because there are too many.
  private mutating func divide(_ key: ShareKey, _ terms: LeaseTerms, at now: Int64) {
    guard divided.insert(key).inserted else { return }
    _ = parts.limiter.setShare(
      key, terms.evenShare(of: settings.replicas), moves: false, at: now)
  }

  /// Applies `onLoss` to a quota without a share if the store does not answer for it in time.
  private mutating func checkStart(_ name: String, at now: Int64) {
    guard let member = members[name], member.standing == .starting else { return }
    let patience = links[0].schedule.isLive ? 2 * FleetHandler.answerTimeout : FleetHandler.grace
    if now - max(startedAt, member.seenAt) >= patience { fallBack(name, at: now) }
  }

  private mutating func ask(on loop: inout EventLoop) {
    let now = loop.now
    guard let script = scripts[.lease], let usable = links[0].schedule.usableFrom else { return }
    guard now >= usable else {
      nextLook = min(nextLook, usable)
      return
    }
    var commands: [[String]] = []
    var kinds: [Link.Pending] = []
    for name in members.keys {
      guard let question = members[name]?.holder.question(at: now), let member = members[name]
      else {
        if let next = members[name]?.holder.nextQuestion(at: now) { nextLook = min(nextLook, next) }
        continue
      }
      commands.append(
        ["EVALSHA", script, "1", leaseKey(name)]
          + question.words(id, member.holder.terms, validity: times.storeValidity))
      kinds.append(.lease(name))
    }
    if !commands.isEmpty { send(commands, as: kinds, 0, on: &loop) }
  }

  mutating func takeLease(_ value: RESPValue, _ name: String, on loop: inout EventLoop) {
    let now = loop.now
    guard var member = members[name] else { return }
    guard let answer = LeaseAnswer(value) else {
      members[name]?.holder.giveUp()
      lose(0, "it answers a lease with something else", on: &loop)
      return
    }
    // A lease that ended before this answer arrived is over, even if that was not noticed yet.
    let isOver = member.holder.lapse(at: now)
    let change = member.holder.answered(answer, at: now)
    switch answer {
    case .granted:
      isProven(at: now)
      if member.refusal != nil {
        member.refusal = nil
        parts.report(.sharedAgain(limit: name))
      }
      if member.holder.isLeased(at: now) { member.standing = .leased }
    case .conflict(let other):
      refuse(
        &member, name,
        "gateways with the prefix \(settings.prefix) have it as \"\(other)\", this one as "
          + "\"\(member.holder.terms.fingerprint)\"")
    case .foreign: refuse(&member, name, "its key \(leaseKey(name)) has a value of another program")
    case .stale: break
    }
    if case .share(let share, let moves, let missing) = change {
      let owed = parts.limiter.setShare(
        member.key, share, of: member.holder.members, moves: moves, missing: missing,
        until: share == .notYet ? .max : member.holder.until, at: now)
      member.holder.noteOwed(owed ?? 0)
    } else if member.holder.isLeased(at: now),
      !parts.limiter.extendShare(member.key, until: member.holder.until, at: now),
      member.holder.share != .notYet
    {
      // The limiter has just ended it, because its loops' clocks are ahead.
      _ = parts.limiter.setShare(
        member.key, member.holder.share, of: member.holder.members, moves: false,
        until: member.holder.until, at: now)
    }
    members[name] = member
    if isOver, !member.holder.isLeased(at: now) { fallBack(name, at: now) }
    if member.refusal != nil, !member.holder.isLeased(at: now), member.standing == .starting {
      fallBack(name, at: now)
    }
  }

  private mutating func refuse(_ member: inout Member, _ name: String, _ reason: String) {
    if member.refusal == nil { parts.report(.refused(limit: name, reason: reason)) }
    member.refusal = reason
  }

  /// Applies `onLoss` to a quota for which the store is not available.
  private mutating func fallBack(_ name: String, at now: Int64) {
    guard let member = members[name] else { return }
    members[name]?.standing = .lost
    let share: LimitShare =
      switch settings.onLoss {
      case .share:
        member.holder.terms.evenShare(of: max(member.holder.members, settings.replicas))
      case .closed: .closed
      case .open: member.holder.terms.whole
      }
    _ = parts.limiter.setShare(member.key, share, moves: false, at: now)
  }

  /// Takes over other limits, apps and callers.
  mutating func adopt(_ next: FleetSettings, at now: Int64) {
    let onLossChanges = next.onLoss != settings.onLoss || next.replicas != settings.replicas
    settings = next
    divided = []
    for (name, member) in members {
      guard let (other, limit) = next.limits.quota(member.key), other == name,
        limit.terms == member.holder.terms
      else {
        // The limiter may have applied a share of the former limit to the new one with the same number.
        _ = parts.limiter.setShare(member.key, .notYet, moves: false, at: now)
        members[name] = nil
        continue
      }
      if onLossChanges, member.standing == .lost { fallBack(name, at: now) }
    }
  }

  /// Gives all leases back.
  mutating func leave(on loop: inout EventLoop) {
    guard let script = scripts[.lease], links[0].schedule.isLive else { return }
    var commands: [[String]] = []
    for use in parts.limiter.shareUses(at: loop.now, most: FleetHandler.mostQuotas) {
      guard let (name, limit) = settings.limits.quota(use.key),
        let farewell = members[name]?.holder.farewell()
      else { continue }
      // Nothing of it may be used from now on, until another store has been asked.
      _ = parts.limiter.setShare(use.key, .notYet, moves: false, at: loop.now)
      commands.append(
        ["EVALSHA", script, "1", leaseKey(name)]
          + farewell.leavingWords(id, limit.terms, validity: times.storeValidity, used: use.used))
    }
    guard !commands.isEmpty else { return }
    send(commands, as: commands.map { _ in .farewell }, 0, on: &loop)
  }
}
