extension Limiter {
  /// Serves every bucket that may have calls for its waiters, until none has.
  mutating func settle(at now: Int64) {
    while let bucket = unsettled.popLast() { serve(Int(bucket), at: now) }
  }

  /// Starts the calls that wait for `bucket`, in turn, as long as it has calls to give.
  private mutating func serve(_ bucket: Int, at now: Int64) {
    let limit = Int(buckets[bucket].limit)
    if limit == upstreamLimit { refreshUpstream(Int(buckets[bucket].app), at: now) }
    while queues.count(bucket) > 0, buckets[bucket].claim == Waiter.none {
      let lack = lack(bucket, of: limit, at: now)
      if lack == .max { break }
      if lack > 0 {
        alarms.set(bucket, now &+ lack)
        return
      }
      giveTurn(to: queues.head(bucket), at: bucket, now)
    }
    // Time alone changes nothing here: the end of a call or of a claim leads back here.
    alarms.remove(bucket)
  }

  /// Gives `waiter` its turn at `bucket`, which has a call for it: it starts, or moves to the bucket for which it must
  /// wait longest.
  private mutating func giveTurn(to waiter: Int32, at bucket: Int, _ now: Int64) {
    let record = queues.waiters[waiter]
    refreshUpstreams(Int(record.app), at: now)
    let party = record.party
    var missing = -1
    var missingLimit = -1
    var missingApp = -1
    var longest: Int64 = -1
    var walk = walk(record.matched, party)
    while let step = walk.next(limits, party) {
      let (limit, other) = (step.limit, step.bucket)
      if other == bucket || limits[limit].excess == .shadow { continue }
      let lack = lack(other, of: limit, at: now)
      let claim = buckets[other].claim
      // Others wait there. It must not pass them, unless it has already waited in two queues.
      let mustQueue = record.turns < 2 && claim != waiter && queues.count(other) > 0
      guard lack > 0 || mustQueue || claim != Waiter.none && claim != waiter else { continue }
      if lack > longest {
        (missing, missingLimit, missingApp, longest) = (other, limit, step.app, lack)
      }
    }
    guard missing >= 0 else { return start(waiter, at: now) }
    if missingLimit == upstreamLimit || buckets[missing].claim != Waiter.none {
      // A pause is long, and a claim must not wait for another claim.
      dropClaims(of: waiter)
    } else if record.turns > 0 {
      buckets[bucket].claim = waiter
    }
    queues.waiters[waiter].turns = min(record.turns, 254) + 1
    queues.leave(waiter)
    queues.join(
      waiter, bucket: missing,
      flow: limits[missingLimit].flow(missingApp, party.caller, record.priority))
    unsettled.append(Int32(missing))
  }

  private mutating func start(_ waiter: Int32, at now: Int64) {
    queues.serve(waiter)
    let record = queues.waiters[waiter]
    let report = take(record.matched, record.party, at: now)
    dropClaims(of: waiter)
    queues.waiters[waiter].report = report
    queues.waiters[waiter].state = .started
    queues.waiters[waiter].deadline = now
    becomeDue(waiter)
  }

  /// Releases the claims of `waiter` for the next calls there.
  mutating func dropClaims(of waiter: Int32) {
    let record = queues.waiters[waiter]
    guard record.turns > 0 else { return }
    let party = record.party
    var walk = LimitWalk(
      record.matched, whole: lanes.whole(party.app), service: party.lane)
    while let step = walk.next(limits, party) {
      let bucket = step.bucket
      if buckets[bucket].claim == waiter {
        buckets[bucket].claim = Waiter.none
        unsettled.append(Int32(bucket))
      }
    }
  }

  /// Appends a call whose wait has ended to its loop's list.
  mutating func becomeDue(_ waiter: Int32) {
    patience.remove(Int(waiter))
    let loop = Int(queues.waiters[waiter].loop)
    let tail = due[loop].tail
    queues.waiters[waiter].previous = tail
    queues.waiters[waiter].next = Waiter.none
    if tail == Waiter.none {
      due[loop].head = waiter
      loopsToWake |= 1 << UInt64(loop & 63)
    } else {
      queues.waiters[tail].next = waiter
    }
    due[loop].tail = waiter
  }

  /// Removes a call from its loop's list of due calls.
  mutating func leaveDueList(_ waiter: Int32) {
    let record = queues.waiters[waiter]
    let loop = Int(record.loop)
    if record.previous == Waiter.none {
      due[loop].head = record.next
    } else {
      queues.waiters[record.previous].next = record.next
    }
    if record.next == Waiter.none {
      due[loop].tail = record.previous
    } else {
      queues.waiters[record.next].previous = record.previous
    }
  }
}
