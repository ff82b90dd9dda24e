/// What prevents a call from starting now.
struct LimitObstacle {
  /// The limits that prevent it, without the upstream's pause.
  var violated = LimitSet()
  var isUpstreamPaused = false
  /// The limit that takes longest, and its bucket.
  var tightest = 0
  var bucket = 0
  /// The number that its flow there uses for the app.
  var app = 0
  /// Nanoseconds until all should have a call for it; at most ``Quota/longestPeriod``.
  var wait: Int64 = -1
  /// How long it may wait at most, according to those of the limits that queue.
  var patience = Int64.max
  /// One of the limits refuses.
  var refuses = false
  /// The queue of one of the limits is full.
  var isFull = false

  /// Why the call cannot even wait; nil if it can.
  var refusalReason: LimitRefusal.Reason? {
    refuses ? .exceeded : isFull ? .queueFull : wait > patience ? .waitTooLong : nil
  }

  func refusal(_ reason: LimitRefusal.Reason, upstreamLimit: Int) -> LimitRefusal {
    LimitRefusal(
      reason: reason, violated: violated, isUpstreamPaused: isUpstreamPaused,
      tightest: tightest == upstreamLimit ? nil : tightest, wait: wait)
  }
}

extension Limiter {
  /// Decides about a call: it starts, waits until `party` is notified, or is refused.
  package mutating func admit(
    _ request: LimitedRequest, for party: WaitingParty, at time: Int64
  ) -> Admission {
    let now = clock(time)
    let matched = matched(request)
    refreshUpstreams(request.app, at: now)
    let whose = self.party(of: request)
    guard isOpen(matched, whose, at: now) else {
      return postpone(request, matched, for: party, at: now)
    }
    let report = take(matched, whose, at: now)
    let counted = LimitSet(bits: matched.bits & counting.bits)
    return .admitted(
      LimitPermit(
        counted: counted, app: Int32(request.app), caller: Int32(request.caller), takenAt: now),
      report)
  }

  /// Whether a new call may start immediately: every limit has a call to give, and no call waits for it.
  private func isOpen(_ matched: LimitSet, _ party: LimitedParty, at now: Int64) -> Bool {
    var walk = walk(matched, party)
    while let step = walk.next(limits, party) {
      if isInTheWay(step.bucket, of: step.limit, at: now) { return false }
    }
    return true
  }

  private func isInTheWay(_ bucket: Int, of limit: Int, at now: Int64) -> Bool {
    limits[limit].excess != .shadow
      && (buckets[bucket].claim != Waiter.none || queues.count(bucket) > 0
        || lack(bucket, of: limit, at: now) > 0)
  }

  /// What prevents a call from starting now; nil if nothing does.
  func obstacle(_ request: LimitedRequest, _ matched: LimitSet, at now: Int64) -> LimitObstacle? {
    let party = party(of: request)
    var obstacle = LimitObstacle()
    var walk = walk(matched, party)
    while let step = walk.next(limits, party) {
      let (limit, bucket) = (step.limit, step.bucket)
      guard isInTheWay(bucket, of: limit, at: now) else { continue }
      let queues = limits[limit].excess == .queue
      let flow = limits[limit].flow(step.app, party.caller, request.priority)
      let ahead = self.queues.ahead(bucket: bucket, flow: flow, request.priority)
      let wait = predictedWait(bucket, of: limit, ahead: ahead, at: now)
      if limit == upstreamLimit {
        obstacle.isUpstreamPaused = true
      } else {
        obstacle.violated.insert(limit)
      }
      if wait > obstacle.wait {
        obstacle.wait = wait
        obstacle.tightest = limit
        obstacle.bucket = bucket
        obstacle.app = step.app
      }
      if queues {
        obstacle.patience = min(obstacle.patience, limits[limit].maxWait)
        if self.queues.count(bucket) >= Int(limits[limit].maxQueue) { obstacle.isFull = true }
      } else {
        obstacle.refuses = true
      }
    }
    if self.queues.waiters.isFull { obstacle.isFull = true }
    return obstacle.wait < 0 ? nil : obstacle
  }

  @inline(never)
  private mutating func postpone(
    _ request: LimitedRequest, _ matched: LimitSet, for party: WaitingParty, at now: Int64
  ) -> Admission {
    guard let obstacle = obstacle(request, matched, at: now) else {
      preconditionFailure("only called when something is in the way")
    }
    if let reason = obstacle.refusalReason {
      countRefused(obstacle.violated, isUpstreamPaused: obstacle.isUpstreamPaused)
      countRefusedShares(obstacle.violated, request)
      return .refused(obstacle.refusal(reason, upstreamLimit: upstreamLimit))
    }
    sequence &+= 1
    var waiter = Waiter()
    waiter.tag = party.tag
    waiter.loop = Int32(party.loop)
    waiter.sequence = sequence
    waiter.arrivedAt = now
    waiter.deadline = now &+ obstacle.patience
    waiter.lane = Int32(lanes.lane(request))
    waiter.extensionBefore = extensions(request.app, lane: Int(waiter.lane))
    waiter.matched = matched
    waiter.app = Int32(request.app)
    waiter.caller = Int32(request.caller)
    waiter.priority = request.priority
    let ticket = queues.waiters.insert(waiter)
    patience.allowIDs(below: queues.waiters.records.count)
    patience.set(Int(ticket.index), waiter.deadline)
    queues.join(
      ticket.index, bucket: obstacle.bucket,
      flow: limits[obstacle.tightest].flow(obstacle.app, request.caller, request.priority))
    var violated = obstacle.violated
    while let limit = violated.popFirst() { counted[limit].queued &+= 1 }
    if obstacle.isUpstreamPaused { counted[upstreamLimit].queued &+= 1 }
    if limits[obstacle.tightest].isShared { hasNews = true }
    unsettled.append(Int32(obstacle.bucket))
    settle(at: now)
    return .queued(ticket, predictedWait: obstacle.wait)
  }

  private mutating func countRefusedShares(_ violated: LimitSet, _ request: LimitedRequest) {
    var violated = violated
    while let limit = violated.popFirst() {
      guard limits[limit].isShared else { continue }
      buckets[limits[limit].bucket(request.app, request.caller)].refused &+= 1
    }
  }

  mutating func countRefused(_ violated: LimitSet, isUpstreamPaused: Bool) {
    var violated = violated
    while let limit = violated.popFirst() { counted[limit].refused &+= 1 }
    if isUpstreamPaused { counted[upstreamLimit].refused &+= 1 }
  }
}
