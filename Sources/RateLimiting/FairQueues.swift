/// The calls of one caller and class that wait for one bucket, first come, first served.
struct CallerFlow: BitwiseCopyable {
  var head = Waiter.none
  var tail = Waiter.none
  /// Neighbours in the round of flows that have waiters; -1 outside it.
  var previous = Waiter.none
  var next = Waiter.none
  var count: Int32 = 0
  /// Calls that it may still start in this round.
  var credit: Int32 = 0
  /// Calls that it may start in each round.
  let weight: Int32
}

/// Where calls wait: two classes for each bucket, a round of callers for each class, a line for each caller.
///
/// Deficit round robin (Shreedhar and Varghese), with calls that all cost one: in each round a caller may start as many
/// as its weight. A new caller joins at the end of the round, so it waits one round however many calls the others have
/// queued. Every step takes constant time, except inserting a call that comes from another queue before younger ones of
/// its caller.
struct FairQueues: ~Copyable {
  /// Interactive calls served in a row while batch calls wait.
  static let interactiveTurns: UInt8 = 4

  /// The callers of one class that wait for one bucket.
  struct ClassRound: BitwiseCopyable {
    /// The flow whose turn it is; -1 if no call waits.
    var current = Waiter.none
    /// Number of waiting calls.
    var waiting: Int32 = 0
    /// Sum of the weights of the callers in the round.
    var weight: Int32 = 0
  }

  /// One bucket's queue.
  struct BucketQueue: BitwiseCopyable {
    var interactive = ClassRound()
    var batch = ClassRound()
    /// Interactive calls served since the last batch call, while batch calls waited.
    var streak: UInt8 = 0
  }

  private var buckets: [BucketQueue]
  private var flows: [CallerFlow]
  var waiters: WaiterPool

  init(bucketCount: Int, flows: [CallerFlow], waiterLimit: Int) {
    buckets = Array(repeating: BucketQueue(), count: bucketCount)
    self.flows = flows
    waiters = WaiterPool(limit: waiterLimit)
  }

  /// Takes the records of `other`. None of them may be in a queue here yet.
  mutating func takeWaiters(of other: inout FairQueues) { swap(&waiters, &other.waiters) }

  /// Number of calls that wait for `bucket`.
  func count(_ bucket: Int) -> Int {
    Int(buckets[bucket].interactive.waiting &+ buckets[bucket].batch.waiting)
  }

  /// The call that starts next at `bucket`. At least one call must be waiting.
  func head(_ bucket: Int) -> Int32 {
    let queue = buckets[bucket]
    let turnOfBatch =
      queue.interactive.waiting == 0
      || queue.batch.waiting > 0 && queue.streak >= FairQueues.interactiveTurns
    let round = turnOfBatch ? queue.batch : queue.interactive
    return flows[Int(round.current)].head
  }

  /// Puts a waiting call into a flow of a bucket, before all calls of its caller that arrived later.
  mutating func join(_ waiter: Int32, bucket: Int, flow: Int) {
    let sequence = waiters[waiter].sequence
    waiters[waiter].bucket = Int32(bucket)
    waiters[waiter].flow = Int32(flow)
    let tail = flows[flow].tail
    if tail == Waiter.none || waiters[tail].sequence < sequence {
      link(waiter, after: tail, flow)
    } else {
      // Searched from the front: a call from another queue has waited long, so nearly all others are younger.
      var after = Waiter.none
      var place = flows[flow].head
      while waiters[place].sequence < sequence {
        after = place
        place = waiters[place].next
      }
      link(waiter, after: after, flow)
    }
    flows[flow].count &+= 1
    if flows[flow].count == 1 { enterRound(flow, bucket, waiters[waiter].priority) }
    let weight = flows[flow].count == 1 ? flows[flow].weight : 0
    change(bucket, waiters[waiter].priority) {
      $0.waiting &+= 1
      $0.weight &+= weight
    }
  }

  private mutating func link(_ waiter: Int32, after: Int32, _ flow: Int) {
    let next = after == Waiter.none ? flows[flow].head : waiters[after].next
    waiters[waiter].previous = after
    waiters[waiter].next = next
    if after == Waiter.none { flows[flow].head = waiter } else { waiters[after].next = waiter }
    if next == Waiter.none { flows[flow].tail = waiter } else { waiters[next].previous = waiter }
  }

  /// Removes a waiting call from its queue, wherever it is in it.
  mutating func leave(_ waiter: Int32) {
    let record = waiters[waiter]
    let flow = Int(record.flow)
    if record.previous == Waiter.none {
      flows[flow].head = record.next
    } else {
      waiters[record.previous].next = record.next
    }
    if record.next == Waiter.none {
      flows[flow].tail = record.previous
    } else {
      waiters[record.next].previous = record.previous
    }
    waiters[waiter].previous = Waiter.none
    waiters[waiter].next = Waiter.none
    flows[flow].count &-= 1
    let isEmpty = flows[flow].count == 0
    if isEmpty { leaveRound(flow, Int(record.bucket), record.priority) }
    let weight = isEmpty ? flows[flow].weight : 0
    change(Int(record.bucket), record.priority) {
      $0.waiting &-= 1
      $0.weight &-= weight
    }
  }

  /// Removes the call whose turn it was, ``head(_:)``, and charges its caller for the turn.
  mutating func serve(_ waiter: Int32) {
    let bucket = Int(waiters[waiter].bucket)
    let flow = Int(waiters[waiter].flow)
    let priority = waiters[waiter].priority
    flows[flow].credit &-= 1
    leave(waiter)
    if flows[flow].count > 0, flows[flow].credit <= 0 {
      flows[flow].credit = flows[flow].weight
      let next = flows[flow].next
      change(bucket, priority) { $0.current = next }
    }
    switch priority {
    case .interactive where buckets[bucket].batch.waiting > 0: buckets[bucket].streak &+= 1
    case .interactive, .batch: buckets[bucket].streak = 0
    }
  }

  private mutating func enterRound(_ flow: Int, _ bucket: Int, _ priority: CallPriority) {
    let current = round(bucket, priority).current
    flows[flow].credit = flows[flow].weight
    if current == Waiter.none {
      flows[flow].previous = Int32(flow)
      flows[flow].next = Int32(flow)
      change(bucket, priority) { $0.current = Int32(flow) }
    } else {
      // Before the flow whose turn it is, which is the end of the round.
      let last = flows[Int(current)].previous
      flows[flow].previous = last
      flows[flow].next = current
      flows[Int(last)].next = Int32(flow)
      flows[Int(current)].previous = Int32(flow)
    }
  }

  private mutating func leaveRound(_ flow: Int, _ bucket: Int, _ priority: CallPriority) {
    let next = flows[flow].next
    let previous = flows[flow].previous
    flows[flow].next = Waiter.none
    flows[flow].previous = Waiter.none
    if next == Int32(flow) {
      change(bucket, priority) { $0.current = Waiter.none }
      return
    }
    flows[Int(previous)].next = next
    flows[Int(next)].previous = previous
    change(bucket, priority) { if $0.current == Int32(flow) { $0.current = next } }
  }

  private func round(_ bucket: Int, _ priority: CallPriority) -> ClassRound {
    priority == .interactive ? buckets[bucket].interactive : buckets[bucket].batch
  }

  private mutating func change(
    _ bucket: Int, _ priority: CallPriority, _ body: (inout ClassRound) -> Void
  ) {
    if priority == .interactive {
      body(&buckets[bucket].interactive)
    } else {
      body(&buckets[bucket].batch)
    }
  }

  /// An upper bound for the number of calls that start before one that would join `flow` of `bucket` now.
  func ahead(bucket: Int, flow: Int, _ priority: CallPriority) -> Int64 {
    let mine = round(bucket, priority)
    let other = round(bucket, priority == .interactive ? .batch : .interactive)
    let own = Int64(flows[flow].count)
    let weight = Int64(flows[flow].weight)
    let others = Int64(mine.weight) - (own > 0 ? weight : 0)
    let inClass = min(Int64(mine.waiting), (own / weight + 1) * others + own)
    let turns = Int64(FairQueues.interactiveTurns)
    let ofOtherClass =
      priority == .interactive
      ? min(Int64(other.waiting), inClass / turns + 1)
      : min(Int64(other.waiting), (inClass + 1) * turns)
    return inClass + ofOtherClass
  }
}
