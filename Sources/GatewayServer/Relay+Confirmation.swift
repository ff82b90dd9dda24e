internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Calls that act on every record of a filter, and go on only if the caller has named their exact number
/// (`policy.confirmBulk`). The gateway gets the list first, with a call of its own for the caller's app, in class
/// batch.
extension Relay {
  /// Begins an exchange whose plan needs a confirmation. The head for the upstream is written already.
  @inline(never)
  mutating func beginCount(
    _ id: SlabHandle, _ confirmation: BulkConfirmation, _ head: RequestHead, _ bytes: RawSpan,
    on loop: inout EventLoop
  ) {
    let own = exchanges[id].plan
    let count = BulkCount(confirmation, own, head)
    swap(&count.head, &exchanges[id].head)
    requestRewriter.writeCount(
      head, in: bytes, plan: own, by: confirmation.list, into: &exchanges[id].head)
    exchanges[id].putRequestIDIntoHead()
    exchanges[id].take(planner.countPlan(own, confirmation))
    exchanges[id].errand = .count(count)
    exchanges[id].state.countBegins()
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  /// Takes the answer that counts. False when it goes to the caller unchanged: SCORM Cloud refuses the filter or asks
  /// for a pause, and would say the same about the caller's own call.
  mutating func takeCount(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    guard case .count(let count) = exchanges[id].errand else { return false }
    guard head.status < 400 else {
      takeBackOwnCall(id, count)
      return false
    }
    let upstream = exchanges[id].upstream
    upstreams[upstream].fetch.note(head, isWhole: true)
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    if head.status == 200 {
      count.number = ResponseHeadRewriter.totalCount(responseParser.fields, in: bytes)
    }
    exchanges[id].state.answerTaken()
    readCount(id, bytes, from: head.length, on: &loop)
    return true
  }

  /// Reads more of that answer. Only its head matters.
  mutating func readCount(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) {
    let upstream = exchanges[id].upstream
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !upstreams[upstream].fetch.answer.isFinished {
        at = try upstreams[upstream].fetch.answer.next(bytes, from: at).next
      }
    } catch {
      upstreamBroke(
        id, GatewayError(ResponseFault.malformedChunk), .responseBody, mayRetry: false,
        reason: "malformed", on: &loop)
      return
    }
    guard upstreams[upstream].fetch.answer.isFinished else {
      awaitUpstream(id, on: &loop)
      return
    }
    if at < bytes.byteCount { upstreams[upstream].fetch.keepsConnection = false }
    endCount(id, on: &loop)
  }

  /// The records are counted, or cannot be counted: the caller's own call goes on, or is refused.
  mutating func endCount(_ id: SlabHandle, on loop: inout EventLoop) {
    guard case .count(let count) = exchanges[id].errand else { return }
    endWholeFetch(id, on: &loop)
    takeBackOwnCall(id, count)
    let refusal =
      count.number.map { count.confirmation.refusal($0) }
      ?? BulkConfirmation.uncountable("SCORM Cloud's list tells no total (X-Total-Count)")
    if let refusal = refusal ?? planner.refusalMeanwhile(of: count.plan) {
      answer(id, refusal, .init(refusedAt: .policy), on: &loop)
      return
    }
    exchanges[id].state.fetchBegins()
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  /// Counting has failed: the caller gets the reason.
  mutating func countFailed(_ id: SlabHandle) {
    guard case .count(let count) = exchanges[id].errand else { return }
    takeBackOwnCall(id, count)
  }

  /// Makes the exchange its caller's own call again.
  private mutating func takeBackOwnCall(_ id: SlabHandle, _ count: BulkCount) {
    exchanges[id].errand = nil
    exchanges[id].take(count.plan)
    swap(&count.head, &exchanges[id].head)
    exchanges[id].state.ownCallFollows(count.method, hasBody: count.hasBody)
  }
}

extension Exchange {
  /// Goes on by another plan.
  fileprivate mutating func take(_ plan: RequestPlan) {
    self.plan = plan
    firstRung = plan.rung
    refused = (0, 0)
  }
}

/// What an exchange holds while the records that it would act on are counted. Other exchanges have no such object.
final class BulkCount {
  let confirmation: BulkConfirmation
  /// The caller's own call.
  let plan: RequestPlan
  let method: HTTPMethod
  let hasBody: Bool
  /// The head of the caller's own call for the upstream.
  var head = ByteBuffer()
  /// The number of records according to the list; nil when it does not say.
  var number: Int?

  init(_ confirmation: BulkConfirmation, _ plan: RequestPlan, _ head: RequestHead) {
    self.confirmation = confirmation
    self.plan = plan
    method = head.method
    hasBody = head.framing != .none
  }
}
