internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// The answers to the fetches of a wait: first the job's id, then its states.
extension Relay {
  /// Takes the answer with `head`. False when it goes to the caller unchanged: the answer to its own call, when that
  /// has failed.
  mutating func takeState(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    guard let wait = exchanges[id].wait else { return false }
    let isGood = (200..<300).contains(head.status)
    let isOwn = wait.key == nil
    let isReadable =
      isGood && head.status != 204 && exchanges[id].state.requestIsComplete
      && !ResponseHeadRewriter.isEncoded(responseParser.fields, in: bytes)
    if isOwn, !isReadable {
      exchanges[id].errand = nil
      return false
    }
    guard isReadable else {
      pollRefused(id, wait, head, bytes, on: &loop)
      return true
    }
    beginAnswer(id, head, bytes, on: &loop)
    if masksReflected, reflects(id, bytes.slice(0, head.length)) { maskOutput(id, at: loop.now) }
    swap(&wait.head, &output)
    wait.answer.removeAll()
    exchanges[id].state.answerTaken()
    readState(id, bytes, from: head.length, on: &loop)
    return true
  }

  /// Reads more of the answer under way, from `start` of `bytes`.
  mutating func readState(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) {
    guard let wait = exchanges[id].wait else { return }
    let upstream = exchanges[id].upstream
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !upstreams[upstream].fetch.answer.isFinished,
        wait.answer.count <= JobWait.answerLimit
      {
        let run = try upstreams[upstream].fetch.answer.next(bytes, from: at)
        at = run.next
        let data = bytes.slice(run.dataStart, run.dataEnd)
        if mustScreen(id), screens(id, data, at: loop.now) {
          wait.answer.put(bodies.screened)
        } else {
          wait.answer.put(data)
        }
      }
    } catch {
      upstreamBroke(
        id, GatewayError(ResponseFault.malformedChunk), .responseBody, mayRetry: false,
        reason: "malformed", on: &loop)
      return
    }
    if wait.answer.count > JobWait.answerLimit {
      answerIsTooLong(id, wait, bytes, at, on: &loop)
    } else if upstreams[upstream].fetch.answer.isFinished {
      if at < bytes.byteCount { upstreams[upstream].fetch.keepsConnection = false }
      endState(id, on: &loop)
    } else {
      awaitUpstream(id, on: &loop)
    }
  }

  /// Deals with an answer that is longer than any job's state. The answer to the caller's own call is relayed from here
  /// on; a poll's answer is dropped.
  private mutating func answerIsTooLong(
    _ id: SlabHandle, _ wait: JobWait, _ bytes: RawSpan, _ at: Int, on loop: inout EventLoop
  ) {
    guard wait.key == nil else {
      dropPoll(id, wait, on: &loop)
      return
    }
    output.removeAll()
    putOwnAnswer(id, wait)
    exchanges[id].errand = nil
    exchanges[id].state.answerGivenBack()
    relayBody(id, bytes, from: at, screens: mustScreen(id), on: &loop)
  }

  /// The answer under way has ended.
  mutating func endState(_ id: SlabHandle, on loop: inout EventLoop) {
    guard let wait = exchanges[id].wait else { return }
    if endsScreening(id) { wait.answer.put(bodies.screened) }
    if wait.key == nil {
      endOwnAnswer(id, wait, on: &loop)
    } else {
      endWholeFetch(id, on: &loop)
      exchanges[id].status = 0
      stateIsKnown(id, wait, on: &loop)
    }
  }

  /// The answer to the caller's own call is complete. It goes to the caller unchanged when it names no job, or, for a
  /// call that asks for a job's state, when it has no status.
  private mutating func endOwnAnswer(
    _ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop
  ) {
    let jobID =
      wait.request.start == nil ? exchanges[id].head.lastPollSegment(of: wait.poll) : wait.jobID
    let status = wait.status
    guard let jobID, JobAnswer.isSegment(jobID), wait.request.start != nil || status != nil else {
      output.removeAll()
      putOwnAnswer(id, wait)
      exchanges[id].errand = nil
      exchanges[id].state.answerGivenBack()
      exchanges[id].state.answerSent()
      if case .chunked = exchanges[id].outgoingFraming { output.put("0\r\n\r\n") }
      loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
      finishAnswer(id, on: &loop)
      return
    }
    wait.id = jobID
    endWholeFetch(id, on: &loop)
    exchanges[id].status = 0
    joinWait(id, wait, on: &loop)
    if wait.request.start == nil {
      stateIsKnown(id, wait, on: &loop)
    } else {
      wait.takeState()
      waitForJob(id, wait, on: &loop)
    }
  }

  /// Puts the answer to the caller's own call into `output`, as far as it was read, framed as its head says.
  private mutating func putOwnAnswer(_ id: SlabHandle, _ wait: JobWait) {
    output.put(wait.head)
    takeOffBeginning(id)
    let isChunked = if case .chunked = exchanges[id].outgoingFraming { true } else { false }
    wait.putAnswer(isChunked: isChunked, into: &output, exchanges[id].capture)
  }

  /// Takes the job's state as SCORM Cloud has reported it.
  private mutating func stateIsKnown(
    _ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop
  ) {
    guard let key = wait.key, let status = wait.status else {
      waitForJob(id, wait, on: &loop)
      return
    }
    wait.takeState()
    let text = String(decoding: status, as: UTF8.self)
    if shared.jobs.report(key, status: text, answer: wait.state.bytes.copied(), at: loop.wallTime) {
      wakeLoopsForJobs()
    }
    if JobState(text).isFinal {
      answerJob(id, status: 200, on: &loop)
    } else {
      waitForJob(id, wait, on: &loop)
    }
  }

  private mutating func waitForJob(_ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop) {
    if loop.now >= wait.endsAt || draining.hasBegun {
      answerUnfinished(id, on: &loop)
    } else {
      waitOn(id, wait, on: &loop)
    }
  }

  /// A poll was answered with something other than a state.
  private mutating func pollRefused(
    _ id: SlabHandle, _ wait: JobWait, _ head: ResponseHead, _ bytes: RawSpan,
    on loop: inout EventLoop
  ) {
    upstreams[exchanges[id].upstream].fetch.status = UInt16(head.status)
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    if head.status == 429 || head.status == 503 {
      noteUpstreamRefusal(id, head, bytes, on: &loop)
    }
    guard head.status == 404, wait.isGone() else {
      dropPoll(id, wait, on: &loop)
      return
    }
    abandonUpstream(id, on: &loop)
    pause(id, on: &loop)
    answerUnfinished(id, on: &loop)
  }

  private mutating func dropPoll(_ id: SlabHandle, _ wait: JobWait, on loop: inout EventLoop) {
    abandonUpstream(id, on: &loop)
    pause(id, on: &loop)
    waitForJob(id, wait, on: &loop)
  }
}

extension JobWait {
  /// The id of the job that the current answer says was started; nil when it names none.
  fileprivate var jobID: [UInt8]? {
    guard let start = request.start else { return nil }
    return JobAnswer.member(start.id, of: answer)
  }

  /// The job's status according to the current answer.
  fileprivate var status: [UInt8]? { JobAnswer.member("status", of: answer) }
}

extension ByteBuffer {
  /// The segment that names the job, decoded, in the path of a request's head for the operation `poll`.
  fileprivate func lastPollSegment(of poll: UInt8) -> [UInt8]? {
    let targetStart = bytes.firstIndex(of: UInt8(ascii: " "), from: 0) + 1
    let targetEnd = bytes.firstIndex(of: UInt8(ascii: " "), from: targetStart)
    let pathEnd = min(targetEnd, bytes.firstIndex(of: UInt8(ascii: "?"), from: targetStart))
    return JobPath.id(in: bytes.slice(targetStart, pathEnd), poll)
  }
}
