internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import TrafficLog

/// What the caller of a wait gets, and what the line says of it.
extension Relay {
  /// Answers a caller whose time is over before the job is.
  mutating func answerUnfinished(_ id: SlabHandle, on loop: inout EventLoop) {
    answerJob(id, status: 202, on: &loop)
  }

  /// Ends the exchange with the job's last state from SCORM Cloud: 200 when the job is over, otherwise 202 with where
  /// to ask again.
  mutating func answerJob(_ id: SlabHandle, status: Int, on loop: inout EventLoop) {
    guard let wait = exchanges[id].wait else { return }
    exchanges[id].state.answersItself(endsCaller: draining.hasBegun)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    putStatusLine(status)
    output.put("Content-Type: application/json\r\nContent-Length: ")
    output.put(decimal: wait.state.count)
    output.put("\r\nPreference-Applied: wait=")
    output.put(decimal: wait.seconds)
    output.put("\r\n")
    if status == 202 {
      output.put("Location: ")
      if wait.plan.hasAppPrefix {
        output.put("/apps/")
        output.put(text: generation(of: id).rules.apps[wait.plan.app].name)
      }
      output.put("/api/v2")
      JobPath.put(wait.poll, id: wait.id, into: &output)
      output.put("\r\nRetry-After: ")
      output.put(decimal: max(1, Int((wait.interval + 999_999_999) / 1_000_000_000)))
      output.put("\r\n")
    }
    generation.limitFields.put(exchanges[id].limitReport, into: &output)
    putCommonFields(id)
    output.put(wait.state)
    wait.record(in: exchanges[id].capture)
    takeOffBeginning(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    exchanges[id].status = UInt16(status)
    exchanges[id].answerBytes = wait.state.count
    finish(id, .completed, error: nil, on: &loop)
  }

  /// Appends to the line what the wait did, and leaves the calls that wait for the job.
  mutating func noteWait(_ id: SlabHandle, _ termination: Termination, on loop: inout EventLoop) {
    guard let wait = exchanges[id].wait else { return }
    // Line and figures describe the caller's own call.
    exchanges[id].plan = wait.plan
    exchanges[id].state.asks(wait.request.start == nil ? .get : .post)
    guard let key = wait.key else { return }
    if wait.attempts.count > 0 { TrafficLine.closeAttempts(into: &exchanges[id].line) }
    TrafficLine.putJob(
      id: wait.id, status: shared.jobs.job(key)?.status ?? "",
      attempts: Int(exchanges[id].attemptsLogged), into: &exchanges[id].line)
    exchanges[id].attemptsLogged = 0
    let polled = if case .polls = wait.stage { true } else { false }
    let leaving: JobBoard.Leaving = termination == .completed ? .answered : .callerGone
    if shared.jobs.leave(key, leaving, polled: polled) { wakeLoopsForJobs() }
  }
}
