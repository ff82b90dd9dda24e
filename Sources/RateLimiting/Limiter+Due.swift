internal import Histograms

extension Limiter {
  /// Advances time: starts the calls whose time has come, and ends the wait of those that waited too long.
  package mutating func advance(to time: Int64) {
    let now = clock(time)
    while alarms.earliest <= now, let bucket = alarms.first {
      alarms.remove(bucket)
      unsettled.append(Int32(bucket))
      settle(at: now)
    }
    while patience.earliest <= now, let waiter = patience.first {
      let record = queues.waiters[Int32(waiter)]
      // A pause that began while it waited extends its deadline by as much as the pause adds.
      let extended =
        record.deadline
        &+ (extensions(Int(record.app), lane: Int(record.lane)) &- record.extensionBefore)
      if extended > now {
        patience.set(waiter, extended)
      } else {
        expire(Int32(waiter))
        settle(at: now)
      }
    }
  }

  private mutating func expire(_ waiter: Int32) {
    dropClaims(of: waiter)
    queues.leave(waiter)
    queues.waiters[waiter].state = .expired
    let bucket = queues.waiters[waiter].bucket
    // It may have been the last one there, and the alarm was set for it.
    unsettled.append(bucket)
    let limit = Int(buckets[Int(bucket)].limit)
    counted[limit].refused &+= 1
    if limits[limit].isShared { buckets[Int(bucket)].refused &+= 1 }
    becomeDue(waiter)
  }

  /// Takes the next call of `loop` whose wait has ended; nil if there is none.
  package mutating func takeDue(loop: Int) -> DueCall? {
    let waiter = due[loop].head
    guard waiter != Waiter.none else { return nil }
    leaveDueList(waiter)
    let record = queues.waiters[waiter]
    let ticket = queues.waiters.ticket(waiter)
    queues.waiters.remove(waiter)
    let end = record.state == .started ? record.deadline : latest
    waits[Int(buckets[Int(record.bucket)].limit)].add(end &- record.arrivedAt)
    guard record.state == .started else {
      return DueCall(
        ticket: ticket, tag: record.tag, waited: latest &- record.arrivedAt,
        outcome: .refused(refusalInVain(record)))
    }
    let permit = LimitPermit(
      counted: LimitSet(bits: record.matched.bits & counting.bits), app: record.app,
      caller: record.caller, takenAt: record.deadline)
    return DueCall(
      ticket: ticket, tag: record.tag, waited: record.deadline &- record.arrivedAt,
      outcome: .start(permit, record.report))
  }

  private func refusalInVain(_ record: Waiter) -> LimitRefusal {
    let bucket = Int(record.bucket)
    let limit = Int(buckets[bucket].limit)
    let ahead = queues.ahead(bucket: bucket, flow: Int(record.flow), record.priority)
    var violated = LimitSet()
    if limit != upstreamLimit { violated.insert(limit) }
    return LimitRefusal(
      reason: .waitedInVain, violated: violated, isUpstreamPaused: limit == upstreamLimit,
      tightest: limit == upstreamLimit ? nil : limit,
      wait: predictedWait(bucket, of: limit, ahead: ahead, at: latest))
  }

  /// Cancels a wait. If the call could have started already, its places are given back; what it took of a rate stays
  /// taken.
  ///
  /// - Returns: False if the ticket no longer identifies a call: it was taken by ``takeDue(loop:)``, or cancelled.
  @discardableResult
  package mutating func cancel(_ ticket: WaitTicket, at time: Int64) -> Bool {
    guard let waiter = queues.waiters.index(of: ticket) else { return false }
    let now = clock(time)
    let record = queues.waiters[waiter]
    switch record.state {
    case .waiting:
      dropClaims(of: waiter)
      queues.leave(waiter)
      patience.remove(Int(waiter))
      unsettled.append(record.bucket)
    case .started:
      leaveDueList(waiter)
      giveBack(
        LimitSet(bits: record.matched.bits & counting.bits), app: Int(record.app),
        caller: Int(record.caller), heldFor: nil)
    case .expired:
      leaveDueList(waiter)
    }
    queues.waiters.remove(waiter)
    settle(at: now)
    return true
  }

  /// Ends a call, whatever its result: its places become free for calls that wait.
  package mutating func release(_ permit: consuming LimitPermit, at time: Int64) {
    let permit = permit.end()
    guard !permit.counted.isEmpty else { return }
    let now = clock(time)
    giveBack(
      permit.counted, app: permit.app, caller: permit.caller, heldFor: max(0, now &- permit.takenAt)
    )
    settle(at: now)
  }

  private mutating func giveBack(
    _ counted: LimitSet, app: Int, caller: Int, heldFor hold: Int64?
  ) {
    var counted = counted
    while let limit = counted.popFirst() {
      let bucket = limits[limit].bucket(app, caller)
      buckets[bucket].inUse &-= 1
      if let hold {
        // A moving average over about eight calls.
        let average = buckets[bucket].averageHold
        buckets[bucket].averageHold = average == 0 ? hold : average &+ (hold &- average) / 8
      }
      if queues.count(bucket) > 0 { unsettled.append(Int32(bucket)) }
    }
  }
}
