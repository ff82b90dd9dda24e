internal import EventLoop
package import Fleet

/// An operator's order about the modes that apply at all gateways.
package struct FleetModeOrder: Sendable {
  package var target: SharedMode.Target
  /// The mode's name; nil to remove it.
  package var mode: String?
  /// Nanoseconds until it ends by itself; nil if it applies until it is removed.
  package var time: Int64?
  /// Called once on the service's thread, unless the service ends first.
  package var done: @Sendable (FleetModeOutcome) -> Void
  /// The store had forgotten its scripts, and the order was sent again.
  var isRepeat = false

  package init(
    target: SharedMode.Target, mode: String?, time: Int64?,
    done: @escaping @Sendable (FleetModeOutcome) -> Void
  ) {
    self.target = target
    self.mode = mode
    self.time = time
    self.done = done
  }
}

/// The result of the order.
package enum FleetModeOutcome: Equatable, Sendable {
  /// The store has it, and this gateway applies it.
  case done
  /// Nothing has changed.
  case refused(String)
  /// It was sent, and the connection was lost before an answer arrived.
  case unknown(String)
}

/// Modes that an operator sets at one gateway for all.
extension FleetHandler {
  /// The modes known to this gateway.
  struct KnownModes {
    var list = ModeList()
    /// When modes with an end expire here, in monotonic nanoseconds.
    var ends: [SharedMode.Target: Int64] = [:]
    var askedAt = Int64.min
    /// The store has answered, or was found to be unreachable.
    var isSettled = false
    var hasToldForeign = false

    mutating func take(_ next: ModeList, at now: Int64) {
      list = next
      ends = [:]
      for mode in next.list {
        if let left = mode.remaining { ends[mode.target] = now + left }
      }
    }

    /// The list for other processes, with the remaining time instead of this clock's.
    func told(at now: Int64) -> ModeList {
      var told = list
      for index in told.list.indices {
        told.list[index].remaining = ends[told.list[index].target].map { max(0, $0 - now) }
      }
      return told
    }
  }

  /// Takes over the modes that a predecessor knew. What the store says takes precedence.
  mutating func learn(_ known: ModeList, at now: Int64) {
    guard known.version > modes.list.version else { return }
    modes.take(known, at: now)
    parts.modesChanged(known.list)
  }

  mutating func lookAtModes(on loop: inout EventLoop) {
    endModes(at: loop.now)
    guard links[0].schedule.isLive else { return }
    if modes.askedAt == .min || loop.now - modes.askedAt >= FleetHandler.pausePause {
      askModes(on: &loop)
    }
  }

  /// Asks for all modes, and sends those that are known.
  mutating func askModes(on loop: inout EventLoop) {
    guard let script = scripts[.modes] else { return }
    modes.askedAt = loop.now
    send(
      [
        ["EVALSHA", script, "1", modesKey]
          + modes.list.words("sync", channel: channel, from: id)
      ], as: [.modes], 0, on: &loop)
  }

  mutating func carryOut(_ order: FleetModeOrder, on loop: inout EventLoop) {
    guard let script = scripts[.modes], links[0].schedule.isLive, !isStopping else {
      order.done(.refused(status.failure ?? "it is not connected yet"))
      return
    }
    send(
      [
        ["EVALSHA", script, "1", modesKey]
          + modes.list.words(
            order.mode == nil ? "end" : "set", channel: channel, from: id,
            target: order.target.text, mode: order.mode ?? "", time: order.time ?? 0)
      ], as: [.modeOrder(order)], 0, on: &loop)
  }

  /// - Parameter order: The order that it answers; nil for a query.
  mutating func takeModes(
    _ value: RESPValue, _ order: FleetModeOrder? = nil, on loop: inout EventLoop
  ) {
    guard let list = ModeList(value) else {
      // Another program's value under our key: each gateway uses only its own modes.
      let reason = "the key \(modesKey) has a value of another program"
      if !modes.hasToldForeign {
        modes.hasToldForeign = true
        parts.report(.foreign(what: "modes", key: modesKey))
      }
      order?.done(.refused(reason))
      settleModes()
      return
    }
    modes.hasToldForeign = false
    if members.isEmpty { isProven(at: loop.now) }
    let isNews =
      list.list.count != modes.list.list.count
      || !zip(list.list, modes.list.list).allSatisfy { $0.isSame(as: $1) }
    modes.take(list, at: loop.now)
    if isNews {
      parts.modesChanged(list.list)
      // Published immediately, because a process that takes over in the next moment reads what is published.
      publish(at: loop.now)
    }
    settleModes()
    order?.done(.done)
  }

  /// Ends the wait for the first answer.
  mutating func settleModes() {
    guard !modes.isSettled else { return }
    modes.isSettled = true
    parts.settled()
  }

  /// Ends modes whose time is over, whether or not the store is available.
  private mutating func endModes(at now: Int64) {
    guard let next = modes.ends.values.min() else { return }
    guard now >= next else {
      nextLook = min(nextLook, next)
      return
    }
    let ended = modes.ends.filter { $0.value <= now }
    modes.list.list.removeAll { ended[$0.target] != nil }
    for target in ended.keys { modes.ends[target] = nil }
    parts.modesChanged(modes.list.list)
  }
}
