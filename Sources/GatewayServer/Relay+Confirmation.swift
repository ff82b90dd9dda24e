internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Calls that act on every record of a filter, and go on only if their caller has named how many there are
/// (`policy.confirmBulk`): the gateway asks for the list first, by a call of its own in the caller's app and class batch.
extension Relay {
  /// Begins the exchange that was planned to be confirmed; the head for the upstream is written.
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

  /// Takes the answer that counts. False when it is for the caller as it is: SCORM Cloud refuses the filter, or asks to be
  /// left alone, and would say the same of the caller's own call.
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

  /// Reads on in that answer, of which only the head tells something.
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

  /// The records are counted, or cannot be: the caller's own call goes on, or is refused.
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

  /// Counting has failed: its caller is told why.
  mutating func countFailed(_ id: SlabHandle) {
    guard case .count(let count) = exchanges[id].errand else { return }
    takeBackOwnCall(id, count)
  }

  /// From here on the exchange is its caller's own call.
  private mutating func takeBackOwnCall(_ id: SlabHandle, _ count: BulkCount) {
    exchanges[id].errand = nil
    exchanges[id].take(count.plan)
    swap(&count.head, &exchanges[id].head)
    exchanges[id].state.ownCallFollows(count.method, hasBody: count.hasBody)
  }
}

extension Exchange {
  /// It goes on by another plan.
  fileprivate mutating func take(_ plan: RequestPlan) {
    self.plan = plan
    firstRung = plan.rung
    refused = (0, 0)
  }
}

/// What an exchange holds while the records are counted that it would act on. There is none for any other exchange.
final class BulkCount {
  let confirmation: BulkConfirmation
  /// The caller's own call.
  let plan: RequestPlan
  let method: HTTPMethod
  let hasBody: Bool
  /// Its head as it goes upstream.
  var head = ByteBuffer()
  /// Records that the list tells of; nil when it does not.
  var number: Int?

  init(_ confirmation: BulkConfirmation, _ plan: RequestPlan, _ head: RequestHead) {
    self.confirmation = confirmation
    self.plan = plan
    method = head.method
    hasBody = head.framing != .none
  }
}
