internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import Synchronization
internal import TrafficLog

/// A job as one call. The call that starts the job, or asks for its state, is answered when the job is over or the
/// caller's time is.
///
/// One exchange at a time polls a job, for all that wait for it (``JobBoard``). The others hold only a place and a
/// deadline. `Relay+JobState.swift` reads the answers, and `Relay+JobAnswer.swift` writes what the caller gets.
extension Relay {
  /// Begins an exchange that was planned as a wait. The head for the upstream is written already.
  @inline(never)
  mutating func beginWait(_ id: SlabHandle, _ request: WaitRequest, on loop: inout EventLoop) {
    prepareWait(id, request, at: loop.now)
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  private mutating func prepareWait(_ id: SlabHandle, _ request: WaitRequest, at now: Int64) {
    let plan = exchanges[id].plan
    let poll = request.start.map { planner.pollPlan(plan, $0) } ?? plan
    exchanges[id].errand = .job(
      JobWait(request, plan, poll: poll, generation.settings.jobs, at: now))
    guard let wait = exchanges[id].wait, request.start != nil else { return }
    requestRewriter.writePoll(into: &wait.pollHead)
  }

  /// Joins the exchanges that wait for the job, which is known now.
  mutating func joinWait(_ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop) {
    let rules = generation(of: id).rules
    let key = JobBoard.Key(
      app: rules.apps[wait.plan.app].name,
      poll: OperationTable.operation(at: wait.poll).name.description,
      id: String(decoding: wait.id, as: UTF8.self))
    wait.key = key
    let role = shared.jobs.join(
      key, caller: rules.callers[wait.plan.caller].name,
      operation: OperationTable.operation(at: wait.plan.operation).name.description,
      at: loop.wallTime)
    wait.stage = role == .polls ? .polls : .waits
    if wait.request.start != nil {
      exchanges[id].releaseBody()
      exchanges[id].head.removeAll()
      wait.pollHead.put(for: wait.poll, id: wait.id, into: &exchanges[id].head)
      exchanges[id].putRequestIDIntoHead()
      exchanges[id].plan = wait.pollPlan
      exchanges[id].firstRung = wait.pollPlan.rung
      exchanges[id].state.asks(.get)
    } else {
      exchanges[id].plan.isBatch = true
    }
  }

  /// Waits for the next poll, or for the result of another call's poll, but no longer than the caller's time.
  mutating func waitOn(_ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop) {
    let next: Int64 = wait.stage == .polls ? loop.now + wait.nextDelay() : .max
    loop.setDeadline(callers[exchanges[id].caller].socket, at: min(next, wait.endsAt))
  }

  /// Polls the job's state.
  private mutating func poll(_ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop) {
    exchanges[id].state.fetchBegins()
    let socket = callers[exchanges[id].caller].socket
    loop.setDeadline(socket, at: wait.endsAt)
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  /// A deadline passed. False when it was not one of a wait.
  mutating func waitIsLate(_ id: SlabHandle, on loop: inout EventLoop) -> Bool {
    guard let wait = exchanges[id].wait, wait.key != nil else { return false }
    switch exchanges[id].state.phase {
    case .betweenFetches:
      let isOver = loop.now >= wait.endsAt || draining.hasBegun
      if isOver || planner.refusalMeanwhile(of: wait.pollPlan) != nil {
        answerUnfinished(id, on: &loop)
      } else if case .polls = wait.stage {
        poll(id, wait, on: &loop)
      } else {
        waitOn(id, wait, on: &loop)
      }
    case .awaitingQuota, .forwarding, .readingAnswer:
      guard loop.now >= wait.endsAt else { return false }
      abandonUpstream(id, on: &loop)
      pause(id, on: &loop)
      answerUnfinished(id, on: &loop)
    default: return false
    }
    return true
  }

  /// Goes on after a poll failed: the job goes on, so the next poll may succeed. False when it was the caller's own
  /// call.
  mutating func pollFailed(
    _ id: SlabHandle, _ error: GatewayError, on loop: inout EventLoop
  ) -> Bool {
    guard let wait = exchanges[id].wait, wait.key != nil else { return false }
    abandonUpstream(id, on: &loop)
    pause(id, on: &loop)
    if error.kind == .memoryLow || loop.now >= wait.endsAt || draining.hasBegun {
      answerUnfinished(id, on: &loop)
    } else {
      waitOn(id, wait, on: &loop)
    }
    return true
  }

  /// A job's state was reported, or a call that polled has left: looks at every exchange that waits.
  mutating func serveWaitingForJobs(on loop: inout EventLoop) {
    let version = shared.jobs.version.load(ordering: .acquiring)
    guard version != plannerVersions.jobs else { return }
    plannerVersions.jobs = version
    for id in exchanges.handles {
      guard let wait = exchanges[id].wait, case .waits = wait.stage, let key = wait.key,
        let job = shared.jobs.job(key)
      else { continue }
      if !job.answer.isEmpty {
        wait.state.removeAll()
        wait.state.put(contentsOf: job.answer)
      }
      if job.state.isFinal {
        answerJob(id, status: 200, on: &loop)
      } else if shared.jobs.claim(key) {
        wait.stage = .polls
        waitOn(id, wait, on: &loop)
      }
    }
  }

  /// The gateway stops: calls that wait are answered with what is known, and their callers ask again elsewhere.
  mutating func endWaits(on loop: inout EventLoop) {
    for id in exchanges.handles
    where exchanges[id].wait?.key != nil && exchanges[id].state.phase == .betweenFetches {
      answerUnfinished(id, on: &loop)
    }
  }

  func wakeLoopsForJobs() { for mailbox in shared.mailboxes { mailbox.waker.wake() } }
}
