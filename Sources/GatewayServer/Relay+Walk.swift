internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import TextCoding
internal import TrafficLog

/// A list over many pages as one answer: from one page to the next. `Relay+WalkPage.swift` reads a page, and
/// `Relay+WalkOutput.swift` hands it to the caller.
///
/// The exchange has one fetch per page, one after the other. Each passes the limits and gets a token and a connection
/// like any request. Only what happens with the answer, and after a failure, is different.
extension Relay {
  /// Begins the exchange that was planned as a walk.
  @inline(never)
  mutating func beginWalk(
    _ id: SlabHandle, _ pages: PageRequest, _ head: RequestHead, _ bytes: RawSpan,
    on loop: inout EventLoop
  ) {
    requestRewriter.writeWalk(
      head, fields: requestParser.fields, in: bytes, plan: exchanges[id].plan,
      into: &exchanges[id].head)
    if isTracing { putTracestate(id, head, bytes) }
    exchanges[id].putRequestIDIntoHead()
    exchanges[id].errand = .list(
      ListWalk(
        pages, from: Relay.continuation(in: head.query(in: bytes)), generation.settings.walks,
        at: loop.now))
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  /// The decoded `more` of a query; nil when there is none, or when it cannot be decoded.
  private static func continuation(in query: RawSpan) -> [UInt8]? {
    var start = 1
    while start < query.byteCount {
      let end = query.firstIndex(of: UInt8(ascii: "&"), from: start)
      let pair = query.slice(start, end)
      start = end + 1
      guard pair.byteCount > 5, pair.slice(0, 5).equals("more=") else { continue }
      var text = ByteBuffer()
      // An unescaped plus is ambiguous, so it is kept: the upstream decides what it means.
      guard
        PercentCoding.decode(pair.slice(5, pair.byteCount), plusIsBlank: false, into: &text)
      else { return nil }
      return text.bytes.copied()
    }
    return nil
  }

  /// Fetches the next page, or again the one that failed.
  mutating func fetchPage(_ id: SlabHandle, on loop: inout EventLoop) {
    guard let walk = exchanges[id].walk else { return }
    guard loop.now < walk.endsAt else {
      endWalk(id, walk.outOfTime, .init(.gateway, .responseBody), on: &loop)
      return
    }
    if let refusal = planner.refusalMeanwhile(of: exchanges[id].plan) {
      endWalk(id, refusal, .init(.gateway, .responseBody), on: &loop)
      return
    }
    if walk.pages.hasContinuation, walk.pages.pages > 0 {
      exchanges[id].head.replaceQuery(of: walk.pages)
      // The first page is the caller's own call. The other pages let every other call go first.
      exchanges[id].plan.isBatch = true
    }
    walk.beginPage()
    exchanges[id].state.fetchBegins()
    let socket = callers[exchanges[id].caller].socket
    loop.setDeadline(socket, at: nil)
    run(takeQuota(id, on: &loop), of: id, on: &loop)
    if exchanges.contains(id), exchanges[id].state.phase == .awaitingQuota {
      loop.setDeadline(socket, at: walk.endsAt)
    }
  }

  /// A deadline passed. False when it was not one that a walk has set.
  mutating func walkIsLate(_ id: SlabHandle, on loop: inout EventLoop) -> Bool {
    guard let walk = exchanges[id].walk else { return false }
    switch exchanges[id].state.phase {
    case .awaitingQuota:
      pause(id, on: &loop)
      endWalk(id, walk.outOfTime, .init(.gateway, .queue), on: &loop)
    case .betweenFetches:
      switch walk.wait {
      case .time: fetchPage(id, on: &loop)
      case .caller: callerReadsSlowly(id, on: &loop)
      case .nothing: return false
      }
    default: return false
    }
    return true
  }

  private mutating func callerReadsSlowly(_ id: SlabHandle, on loop: inout EventLoop) {
    let caller = exchanges[id].caller
    let socket = callers[caller].socket
    // Reading, however slowly, earns the caller more time.
    if callers[caller].http.readsOn(untaken: loop.untakenBytes(socket)) {
      loop.setDeadline(socket, at: loop.now + generation.settings.idleTimeout)
    } else {
      cutCaller(id, .init(.caller, .responseBody), error: "caller-too-slow", on: &loop)
    }
  }

  /// Takes an `error` that would end the exchange of a walk. The page is fetched again where that may help. If the
  /// caller has already got a part of the list, the list is broken off. False when the caller must be answered.
  mutating func walkFailed(
    _ id: SlabHandle, _ error: GatewayError, _ termination: Termination, on loop: inout EventLoop
  ) -> Bool {
    guard let walk = exchanges[id].walk, exchanges[id].state.phase != .planning else {
      return false
    }
    let hasAnswered = exchanges[id].state.hasAnswered
    if let delay = walk.delay(after: error, hasAnswered: hasAnswered),
      loop.now + delay < walk.endsAt
    {
      abandonUpstream(id, retryReason: "page-repeated", on: &loop)
      pause(id, on: &loop)
      fetchLater(id, at: loop.now + delay, on: &loop)
      return true
    }
    guard hasAnswered else { return false }
    abandonUpstream(id, on: &loop)
    pause(id, on: &loop)
    endWalk(id, error, termination, on: &loop)
    return true
  }

  /// Fetches the page later, at `time`.
  mutating func fetchLater(_ id: SlabHandle, at time: Int64, on loop: inout EventLoop) {
    exchanges[id].walk?.wait = .time
    loop.setDeadline(callers[exchanges[id].caller].socket, at: time)
  }
}

extension ListWalk {
  /// The number of the page under way, from 1.
  var pageNumber: Int { pages.pages + 1 }

  var outOfTime: GatewayError { PageWalkError.outOfTime.error(page: pageNumber) }
}

extension ByteBuffer {
  /// Replaces the query in the target of a request's head by the one of the walk's next page.
  fileprivate mutating func replaceQuery(of pages: borrowing PageWalk) {
    let targetStart = bytes.firstIndex(of: UInt8(ascii: " "), from: 0) + 1
    let targetEnd = bytes.firstIndex(of: UInt8(ascii: " "), from: targetStart)
    let pathEnd = min(targetEnd, bytes.firstIndex(of: UInt8(ascii: "?"), from: targetStart))
    var next = ByteBuffer(capacity: count + 256)
    next.put(self, 0, pathEnd)
    next.put("?")
    pages.putContinuation(into: &next)
    next.put(self, targetEnd, count)
    self = next
  }
}
