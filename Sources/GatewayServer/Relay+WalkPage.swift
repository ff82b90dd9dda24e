internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Reads the answer to a fetch of a walk, as a page of its list.
extension Relay {
  /// Takes the answer with `head`. False when it goes to the caller unchanged: the first answer, if it is not a page.
  mutating func takePage(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    guard let walk = exchanges[id].walk else { return false }
    guard head.status == 200 else {
      if exchanges[id].state.hasAnswered {
        pageRefused(id, head, bytes, on: &loop)
        return true
      }
      exchanges[id].errand = nil
      return false
    }
    let upstream = exchanges[id].upstream
    upstreams[upstream].fetch.note(head, isWhole: true)
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    exchanges[id].state.answerTaken()
    if ResponseHeadRewriter.isEncoded(responseParser.fields, in: bytes) {
      endPage(id, .encoded, on: &loop)
      return true
    }
    if walk.pages.pages == 0 { noteFirstPage(id, walk, head, bytes, on: &loop) }
    readPage(id, bytes, from: head.length, on: &loop)
    return true
  }

  private mutating func noteFirstPage(
    _ id: SlabHandle, _ walk: ListWalk, _ head: ResponseHead, _ bytes: RawSpan,
    on loop: inout EventLoop
  ) {
    exchanges[id].capture?.beginResponse(status: head.status, responseParser.fields, in: bytes)
    walk.totalCount = ResponseHeadRewriter.totalCount(responseParser.fields, in: bytes)
    if draining.hasBegun { exchanges[id].state.endsCaller() }
    dates.update(wallTime: loop.wallTime)
    walk.head.removeAll()
    responseRewriter.writeWalk(
      head, fields: responseParser.fields, in: bytes, form: walk.request.form,
      closesConnection: !exchanges[id].state.keepsCaller, dates: dates, into: &walk.head)
    guard masksReflected, reflects(id, bytes.slice(0, head.length)) else { return }
    swap(&walk.head, &output)
    maskOutput(id, at: loop.now)
    swap(&walk.head, &output)
  }

  /// Reads more of the page under way, from `start` of `bytes`.
  mutating func readPage(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) {
    guard let walk = exchanges[id].walk else { return }
    let upstream = exchanges[id].upstream
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !upstreams[upstream].fetch.answer.isFinished {
        let run = try upstreams[upstream].fetch.answer.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        if case .abort(let error) = received(
          id, walk, bytes.slice(run.dataStart, run.dataEnd), at: loop.now)
        {
          endPage(id, error, on: &loop)
          return
        }
      }
    } catch {
      upstreamBroke(
        id, GatewayError(ResponseFault.malformedChunk), .responseBody, mayRetry: false,
        reason: "malformed", on: &loop)
      return
    }
    guard !upstreams[upstream].fetch.answer.isFinished else {
      if at < bytes.byteCount { upstreams[upstream].fetch.keepsConnection = false }
      endPage(id, on: &loop)
      return
    }
    if loop.now >= walk.endsAt {
      endPage(id, .outOfTime, on: &loop)
    } else {
      awaitUpstream(id, on: &loop)
    }
  }

  /// Takes bytes of a page, with the credential masked.
  private mutating func received(
    _ id: SlabHandle, _ walk: ListWalk, _ data: RawSpan, at now: Int64
  ) -> PageWalkAction {
    if mustScreen(id), screens(id, data, at: now) { return walk.received(bodies.screened.bytes) }
    return walk.received(data)
  }

  /// The page under way has ended.
  mutating func endPage(_ id: SlabHandle, on loop: inout EventLoop) {
    guard let walk = exchanges[id].walk else { return }
    if endsScreening(id), case .abort(let error) = walk.received(bodies.screened.bytes) {
      endPage(id, error, on: &loop)
      return
    }
    endWholeFetch(id, on: &loop)
    switch walk.pageEnded() {
    case .fetchNext, .readOn: walk.sequel = .fetch
    case .finish: walk.sequel = .finish
    case .abort(let error):
      let problem = error.error(page: walk.failedPage(error))
      guard walk.hasOutput else {
        endWalk(id, problem, .init(error), on: &loop)
        return
      }
      walk.sequel = .breakOff(problem, .init(error))
    }
    writeList(id, on: &loop)
  }

  /// Ends the walk because the page under way cannot be taken.
  private mutating func endPage(
    _ id: SlabHandle, _ error: PageWalkError, on loop: inout EventLoop
  ) {
    guard let walk = exchanges[id].walk else { return }
    abandonUpstream(id, on: &loop)
    pause(id, on: &loop)
    endWalk(id, error.error(page: walk.pageNumber), .init(error), on: &loop)
  }

  /// Deals with a page after the first that has another status than 200.
  private mutating func pageRefused(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    guard let walk = exchanges[id].walk else { return }
    upstreams[exchanges[id].upstream].fetch.status = UInt16(head.status)
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    let isBusy = head.status == 429 || head.status == 503
    if isBusy { noteUpstreamRefusal(id, head, bytes, on: &loop) }
    let time = loop.now + (isBusy ? retryDelay(head, bytes, on: loop) : 0)
    let mayWait = isBusy && time < walk.endsAt
    abandonUpstream(id, retryReason: mayWait ? "page-repeated" : nil, on: &loop)
    pause(id, on: &loop)
    if mayWait {
      fetchLater(id, at: time, on: &loop)
      return
    }
    endWalk(
      id,
      GatewayError(
        .pagesFailed,
        "SCORM Cloud answered page \(walk.pageNumber) of the list with status \(head.status)"
          + (isBusy ? ", and waiting longer would exceed pages.maxTime." : ".")),
      .init(.upstream, .responseHead), on: &loop)
  }

  /// How long the upstream wants no requests; one second if it does not say.
  private func retryDelay(
    _ head: ResponseHead, _ bytes: RawSpan, on loop: borrowing EventLoop
  ) -> Int64 {
    let second: Int64 = 1_000_000_000
    guard head.present.contains(.retryAfter),
      let line = responseParser.fields.first(.retryAfter),
      let delay = RetryAfter.delay(line.value(in: bytes), wallTime: loop.wallTime)
    else { return second }
    return max(second, delay)
  }
}

extension Termination {
  /// How a walk ends that `error` breaks: because of the upstream, or of one of the gateway's bounds.
  fileprivate init(_ error: PageWalkError) {
    self.init(error.kind == .pagesBound ? .gateway : .upstream, .responseBody)
  }
}

extension ListWalk {
  /// The number of the page that `error` is about. For ``PageWalkError/tooManyPages`` that is the previous page, which
  /// was written.
  fileprivate func failedPage(_ error: PageWalkError) -> Int {
    error == .tooManyPages ? pages.pages : pageNumber
  }
}
