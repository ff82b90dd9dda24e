internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import System
internal import TrafficLog

/// The beginning of an exchange: its line, its plan, its place in the limits.
extension Relay {
  /// Opens the exchange of a request, plans it, and asks the limits for it.
  mutating func beginExchange(
    _ handle: SlabHandle, _ head: RequestHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    var origin = callers[handle].origin
    var marks: CallerMarks = draining.endsCallers ? .isLast : []
    if origin.generation != generation.number {
      (origin, marks) = identifyAnew(handle, marks, on: &loop)
    }
    loop.setDeadline(origin.socket, at: nil)
    let id = openExchange(handle, head.present, bytes, on: &loop)
    note(head, bytes, of: id)
    if !marks.isEmpty { mark(id, marks) }
    guard HeldBytes.current <= memory.startLimit else {
      refuseForMemory(id, on: &loop)
      return
    }
    let context = CallerContext(
      listener: origin.listener, caller: origin.caller,
      namesClosest: searches.areLeft(at: loop.now))
    let plan: RequestPlan
    do throws(PlanRefusal) {
      switch try planner.plan(head, fields: requestParser.fields, in: bytes, from: context) {
      case .forward(let forward): plan = forward
      case .walk(let plan, let pages):
        takePlan(id, plan, of: origin.caller, bytes)
        beginWalk(id, pages, head, bytes, on: &loop)
        return
      case .wait(let plan, let wait):
        takePlan(id, plan, of: origin.caller, bytes)
        writeHead(id, plan, head, bytes)
        beginWait(id, wait, on: &loop)
        return
      case .confirm(let plan, let confirmation):
        takePlan(id, plan, of: origin.caller, bytes)
        writeHead(id, plan, head, bytes)
        beginCount(id, confirmation, head, bytes, on: &loop)
        return
      case .rehearse(let plan):
        takePlan(id, plan, of: origin.caller, bytes)
        writeHead(id, plan, head, bytes)
        beginRehearsal(id, on: &loop)
        return
      case .options(let allowed):
        logCaller(id)
        answerOptions(id, allowed, on: &loop)
        return
      }
    } catch {
      if error.error.kind == .operationUnknown { searches.take() }
      logRefusal(id, error)
      answer(id, error.error, .init(refusedAt: error.step), on: &loop)
      return
    }
    takePlan(id, plan, of: origin.caller, bytes)
    writeHead(id, plan, head, bytes)
    run(takeQuota(id, on: &loop), of: id, on: &loop)
  }

  /// Notes that the request may pass, by `plan`.
  @inline(__always)
  private mutating func takePlan(
    _ id: SlabHandle, _ plan: RequestPlan, of caller: Int?, _ bytes: RawSpan
  ) {
    exchanges[id].begin(plan)
    logPlan(id, plan, of: caller)
    if isCapturing, plan.isKnownOperation,
      let rule = generation.settings.captures.rule(of: plan.operation)
    {
      exchanges[id].capture = BodyCapture(
        rule, room: generation.settings.captures.room, request: requestParser.fields, in: bytes)
    }
  }

  /// Writes the head for the upstream.
  @inline(__always)
  private mutating func writeHead(
    _ id: SlabHandle, _ plan: RequestPlan, _ head: RequestHead, _ bytes: RawSpan
  ) {
    requestRewriter.write(
      head, fields: requestParser.fields, in: bytes, plan: plan, into: &exchanges[id].head)
    if isTracing { putTracestate(id, head, bytes) }
    exchanges[id].putRequestIDIntoHead()
  }

  /// Opens the exchange of what a caller sent, and its line up to the caller's address. `present`: the fields of a
  /// parsed head, which is in `bytes`; none when the bytes are not a request.
  mutating func openExchange(
    _ caller: SlabHandle, _ present: FieldSet, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> SlabHandle {
    let id = exchanges.insert(
      Exchange(
        caller: caller, at: loop.now, head: spares.take(),
        line: spares.take()))
    callers[caller].exchange = id
    dates.update(wallTime: loop.wallTime)
    // The line is moved out of the exchange while it is written. Otherwise each of its parts would need a lookup.
    var line = ByteBuffer()
    swap(&line, &exchanges[id].line)
    TrafficLine.open(into: &line)
    dates.putStampPrefix(into: &line)
    TrafficLine.putMicrosecond(Int(loop.wallTime % 1_000_000_000) / 1000, into: &line)
    let idStart = line.count
    putRequestID(present, bytes, into: &line)
    let idEnd = line.count
    line.put(generation.addressOpening)
    callers[caller].peer.put(into: &line)
    swap(&line, &exchanges[id].line)
    exchanges[id].requestIDPlace = (UInt16(idStart), UInt16(idEnd))
    return id
  }

  /// Opens an exchange for bytes that are not a request, or for no bytes. It ends with its caller's connection.
  mutating func openExchangeOfNoRequest(
    _ caller: SlabHandle, on loop: inout EventLoop
  ) -> SlabHandle {
    let id = openExchange(caller, FieldSet(), RawSpan(), on: &loop)
    TrafficLine.closeAddress(into: &exchanges[id].line)
    if callers[caller].security.isSome { putSecurity(id) }
    if isTracing { beginTrace(id, nil, RawSpan()) }
    exchanges[id].state.endsCaller()
    return id
  }

  private mutating func putRequestID(
    _ present: FieldSet, _ bytes: RawSpan, into line: inout ByteBuffer
  ) {
    if present.contains(.xRequestID),
      let field = requestParser.fields.first(.xRequestID),
      RequestIDs.isSafe(field.value(in: bytes))
    {
      line.put(field.value(in: bytes))
    } else {
      requestIDs.putNew(into: &line)
    }
  }
}

extension Exchange {
  /// Appends the request id to the head's fields.
  mutating func putRequestIDIntoHead() {
    head.put("X-Request-Id: ")
    head.put(line, Int(requestIDPlace.start), Int(requestIDPlace.end))
    head.put("\r\n")
  }
}
