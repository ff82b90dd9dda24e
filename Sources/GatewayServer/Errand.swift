internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Why an exchange needs several fetches.
enum Errand {
  /// A list over many pages.
  case list(ListWalk)
  /// A job that is waited for.
  case job(JobWait)
  /// Records are counted before the caller's own call acts on them.
  case count(BulkCount)
}

/// The place of an errand. Whether it is taken is known without reading the errand.
struct ErrandPlace {
  var errand: Errand? { didSet { isTaken = errand != nil } }
  private(set) var isTaken = false
}

extension Exchange {
  /// Whether the line lists an attempt of the exchange's errand that ended like this.
  @inline(never)
  func lists(status: UInt16, reason: StaticString?) -> Bool {
    errand?.lists(status: status, reason: reason) ?? true
  }

  var walk: ListWalk? { if case .list(let walk)? = errand { walk } else { nil } }
  var wait: JobWait? { if case .job(let wait)? = errand { wait } else { nil } }
}

/// Which attempts of an errand its line lists: the first three, and the first that failed.
struct ListedAttempts {
  private(set) var count = 0
  private var hasFailure = false
  private static let limit = 3

  /// Whether the line lists an attempt. `failed`: the attempt failed.
  mutating func takes(failed: Bool) -> Bool {
    guard count < ListedAttempts.limit || failed && !hasFailure, count <= ListedAttempts.limit
    else { return false }
    if failed { hasFailure = true }
    count += 1
    return true
  }
}

extension Errand {
  /// Bytes of memory that the errand holds, in buffers that count.
  var heldBytes: Int {
    switch self {
    case .list(let walk): walk.heldBytes
    case .job(let wait): wait.heldBytes
    case .count(let count): count.head.allocatedBytes
    }
  }

  /// Whether the line lists an attempt that ended like this.
  func lists(status: UInt16, reason: StaticString?) -> Bool {
    let failed = !(200..<300).contains(status) || reason != nil
    switch self {
    case .list(let walk): return walk.attempts.takes(failed: failed)
    case .job(let wait): return wait.attempts.takes(failed: failed)
    case .count: return true
    }
  }
}

/// Where exchanges with several fetches differ from others.
extension Relay {
  /// Takes an answer's head. False when the answer goes to the caller unchanged.
  @inline(never)
  mutating func takeAnswer(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    switch exchanges[id].errand {
    case .list: takePage(id, head, bytes, on: &loop)
    case .job: takeState(id, head, bytes, on: &loop)
    case .count: takeCount(id, head, bytes, on: &loop)
    case nil: false
    }
  }

  /// Reads more of an answer.
  mutating func readAnswer(_ id: SlabHandle, _ bytes: RawSpan, on loop: inout EventLoop) {
    switch exchanges[id].errand {
    case .list: readPage(id, bytes, from: 0, on: &loop)
    case .job: readState(id, bytes, from: 0, on: &loop)
    case .count: readCount(id, bytes, from: 0, on: &loop)
    case nil: break
    }
  }

  /// An answer ended with its connection.
  mutating func endAnswer(_ id: SlabHandle, on loop: inout EventLoop) {
    switch exchanges[id].errand {
    case .list: endPage(id, on: &loop)
    case .job: endState(id, on: &loop)
    case .count: endCount(id, on: &loop)
    case nil: break
    }
  }

  /// Takes an `error` that would end the exchange. False when the caller must be answered with it.
  @inline(never)
  mutating func errandFailed(
    _ id: SlabHandle, _ error: GatewayError, _ termination: Termination, on loop: inout EventLoop
  ) -> Bool {
    switch exchanges[id].errand {
    case .list: return walkFailed(id, error, termination, on: &loop)
    case .job: return pollFailed(id, error, on: &loop)
    case .count:
      countFailed(id)
      return false
    case nil: return false
    }
  }

  /// A deadline passed. False when it was not one that an errand has set.
  mutating func errandIsLate(_ id: SlabHandle, on loop: inout EventLoop) -> Bool {
    switch exchanges[id].errand {
    case .list: walkIsLate(id, on: &loop)
    case .job: waitIsLate(id, on: &loop) || uploadIsDue(id, on: &loop)
    case .count, nil: uploadIsDue(id, on: &loop)
    }
  }

  /// Appends to the line what the errand did. It is over.
  @inline(never)
  mutating func noteErrand(_ id: SlabHandle, _ termination: Termination, on loop: inout EventLoop) {
    switch exchanges[id].errand {
    case .list: noteWalk(id)
    case .job: noteWait(id, termination, on: &loop)
    case .count(let count): exchanges[id].plan = count.plan
    case nil: break
    }
  }

  /// Ends whatever the fetch under way waits for, and gives back what it holds.
  mutating func pause(_ id: SlabHandle, on loop: inout EventLoop) {
    if exchanges[id].state.attemptStarted != 0 {
      putAttempt(id, Fetch.Figures(), reason: nil, now: loop.now)
    }
    if exchanges[id].connectionPlace >= 0 { leaveConnectionQueue(id) }
    releaseQuota(id, now: loop.now)
    exchanges[id].state.fetchEnded(at: loop.now)
  }

  /// Ends the fetch under way, whose answer is complete.
  mutating func endWholeFetch(_ id: SlabHandle, on loop: inout EventLoop) {
    if upstreams[exchanges[id].upstream].fetch.keepsConnection {
      becomeIdle(endFetch(id, at: loop.now), wasUsed: true, on: &loop)
    } else {
      abandonUpstream(id, on: &loop)
    }
    pause(id, on: &loop)
  }
}
