/// One waiting call: 120 bytes here, and 20 in the heap of patience. Nothing else grows with their number.
struct Waiter: BitwiseCopyable {
  enum State: UInt8, BitwiseCopyable {
    /// In a queue.
    case waiting
    /// It may start, and its loop has not taken it yet.
    case started
    /// It has waited too long, and its loop has not taken it yet.
    case expired
  }

  var tag: UInt64 = 0
  /// The order of arrival over all queues.
  var sequence: UInt64 = 0
  var arrivedAt: Int64 = 0
  /// When it has waited long enough, not counting pauses that began meanwhile. Once it has started, its start time.
  var deadline: Int64 = 0
  /// By how much its app's pauses had extended deadlines when it arrived.
  var extensionBefore: Int64 = 0
  /// The limits that apply to it.
  var matched = LimitSet()
  /// The report, once it has started.
  var report = LimitReport()
  var app: Int32 = 0
  var caller: Int32 = 0
  /// The lane of its service.
  var lane: Int32 = 0
  /// Where it waits: a bucket, and a flow of it.
  var bucket: Int32 = none
  var flow: Int32 = none
  /// Neighbours in its flow, then in its loop's list of due calls. `next` also links free records.
  var previous: Int32 = none
  var next: Int32 = none
  /// Odd while the record is in use.
  var generation: UInt32 = 0
  var loop: Int32 = 0
  var priority = CallPriority.interactive
  var state = State.waiting
  /// How many times it had its turn and could not start because it lacked something else.
  var turns: UInt8 = 0

  /// The app, caller and lane of the call.
  var party: LimitedParty { LimitedParty(app: Int(app), caller: Int(caller), lane: Int(lane)) }

  /// No record.
  static let none: Int32 = -1
}

/// The records of all waiting calls, which are reused.
struct WaiterPool: ~Copyable {
  private(set) var records: [Waiter] = []
  private var firstFree = Waiter.none
  private(set) var count = 0
  /// The most calls that may wait at the same time.
  let limit: Int

  init(limit: Int) { self.limit = limit }

  var isFull: Bool { count >= limit }

  subscript(index: Int32) -> Waiter {
    get { records[Int(index)] }
    _modify { yield &records[Int(index)] }
  }

  /// Takes a record for a call. The pool must not be full.
  mutating func insert(_ waiter: Waiter) -> WaitTicket {
    precondition(!isFull)
    var waiter = waiter
    let index: Int32
    if firstFree != Waiter.none {
      index = firstFree
      firstFree = records[Int(index)].next
      waiter.generation = records[Int(index)].generation &+ 1
      records[Int(index)] = waiter
    } else {
      index = Int32(records.count)
      waiter.generation = 1
      records.append(waiter)
    }
    count += 1
    return WaitTicket(index: index, generation: waiter.generation)
  }

  mutating func remove(_ index: Int32) {
    records[Int(index)].generation &+= 1
    records[Int(index)].next = firstFree
    firstFree = index
    count -= 1
  }

  /// The record that a ticket identifies; nil if it no longer identifies one.
  func index(of ticket: WaitTicket) -> Int32? {
    guard ticket.index >= 0, Int(ticket.index) < records.count,
      ticket.generation & 1 == 1, records[Int(ticket.index)].generation == ticket.generation
    else { return nil }
    return ticket.index
  }

  /// The ticket of the record at `index`.
  func ticket(_ index: Int32) -> WaitTicket {
    WaitTicket(index: index, generation: records[Int(index)].generation)
  }

  /// Bytes of one waiting call's record.
  static var bytesPerRecord: Int { MemoryLayout<Waiter>.stride }
}
