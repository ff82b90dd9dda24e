internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import TrafficLog

/// Calls that are decided and not sent, because the mode is `dry-run`: their callers get what would have been sent.
///
/// Limits and tokens are asked as for any call, but nothing is taken from them. The body is read and discarded, so that
/// the caller's connection can go on.
extension Relay {
  /// The most bytes of a body that are read. If a body is longer, the answer comes before its end, and the connection
  /// ends as after every early answer.
  static let rehearsedBody = 64 << 20

  /// Begins an exchange that was planned as a rehearsal. The head for the upstream is written already.
  @inline(never)
  mutating func beginRehearsal(_ id: SlabHandle, on loop: inout EventLoop) {
    TrafficLine.putDryRun(into: &exchanges[id].line)
    if let refusal = limiter.forecast(limitedRequest(id), at: loop.now).refusal {
      refuse(id, refusal, on: &loop)
      return
    }
    if case .token(let slot) = exchanges[id].plan.credential,
      case .failing = tokens.look(at: slot, now: loop.now)
    {
      answer(id, tokenError(id, now: loop.now), .init(refusedAt: .credential), on: &loop)
      return
    }
    exchanges[id].state.rehearsalBegins()
    guard exchanges[id].readsRehearsedBody else {
      answerRehearsal(id, on: &loop)
      return
    }
    awaitCaller(id, on: &loop)
    if exchanges[id].expectsContinue { sayContinue(id, on: &loop) }
    unsettle(exchanges[id].caller)
  }

  /// Discards what `bytes` hold of a body from `start` on, and returns the offset to go on from.
  @inline(never)
  mutating func drop(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    // Otherwise the upstream has refused the request, and nothing follows on the caller's connection.
    guard exchanges[id].state.phase == .collectingBody else { return bytes.byteCount }
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !exchanges[id].requestBody.isFinished {
        at = try exchanges[id].requestBody.next(bytes, from: at).next
      }
    } catch {
      shared.faults.add(error)
      answer(id, GatewayError(error), .init(.caller, .requestBody), on: &loop)
      return bytes.byteCount
    }
    if exchanges[id].requestBody.isFinished {
      exchanges[id].state.bodyDropped()
      answerRehearsal(id, on: &loop)
    } else if exchanges[id].requestBody.bytesRead > Relay.rehearsedBody {
      answerRehearsal(id, on: &loop)
    } else {
      awaitCaller(id, on: &loop)
    }
    return at
  }

  /// Ends the exchange with what would have been sent.
  private mutating func answerRehearsal(_ id: SlabHandle, on loop: inout EventLoop) {
    exchanges[id].state.answersItself(endsCaller: draining.endsCallers)
    var body = ByteBuffer(capacity: 1024)
    exchanges[id].put(rehearsal(id, at: loop.now), into: &body)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    putStatusLine(200)
    output.put("Content-Type: application/json\r\nContent-Length: ")
    output.put(decimal: body.count)
    output.put("\r\n")
    putCommonFields(id)
    output.put(body)
    takeOffBeginning(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    exchanges[id].status = 200
    exchanges[id].answerBytes = body.count
    finish(id, .completed, error: nil, on: &loop)
  }

  private mutating func rehearsal(_ id: SlabHandle, at now: Int64) -> RehearsalAnswer {
    let plan = exchanges[id].plan
    let rules = generation.rules
    let forecast = limiter.forecast(limitedRequest(id), at: now)
    var answer = RehearsalAnswer(plan)
    answer.caller = rules.callers[plan.caller].name
    answer.app = rules.apps[plan.app].name
    answer.scope = generation.scopeText(of: plan.credential)
    if case .token(let slot) = plan.credential {
      answer.hasToken = tokens.look(at: slot, now: now) == .usable
    }
    answer.limits = names(of: forecast.matched)
    answer.violated = names(of: forecast.violated)
    answer.isUpstreamPaused = forecast.isUpstreamPaused
    answer.predictedWait = forecast.predictedWait
    answer.origin = rules.upstreamOrigin
    answer.bodyLength = exchanges[id].rehearsedLength
    return answer
  }
}

extension Exchange {
  /// Whether its body is read: not one that announces too great a length.
  fileprivate var readsRehearsedBody: Bool {
    switch requestFraming {
    case .none: false
    case .length(let length): length <= Relay.rehearsedBody
    case .chunked, .untilClose: true
    }
  }

  fileprivate func put(_ answer: RehearsalAnswer, into out: inout ByteBuffer) {
    answer.put(head.bytes, into: &out)
  }

  /// Bytes of its body; nil if the body was not read to its end and its length was not announced.
  fileprivate var rehearsedLength: Int? {
    if case .length(let length) = requestFraming { return length }
    return requestBody.isFinished ? requestBody.bytesRead : nil
  }
}
