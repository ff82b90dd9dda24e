internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import TrafficLog

/// What the caller of a walk gets: its list, piece by piece, as fast as it reads.
extension Relay {
  /// Hands on what there is of the list until the caller falls behind, then goes on with the walk.
  mutating func writeList(_ id: SlabHandle, on loop: inout EventLoop) {
    guard let walk = exchanges[id].walk else { return }
    let socket = callers[exchanges[id].caller].socket
    walk.wait = .nothing
    output.removeAll()
    if !exchanges[id].state.hasAnswered { beginList(id, walk) }
    repeat {
      guard walk.putPiece(into: &output, exchanges[id].capture) else {
        cutCaller(id, .init(.gateway, .responseBody), error: "internal-error", on: &loop)
        return
      }
      if case .finish = walk.sequel, !walk.hasOutput { output.put("0\r\n\r\n") }
      let queued = output.isEmpty ? 0 : loop.send(output.bytes, to: socket)
      output.removeAll()
      if queued > highWater, walk.hasOutput || walk.goesOn {
        walk.wait = .caller
        awaitCaller(id, isBehind: true, on: &loop)
        return
      }
    } while walk.hasOutput
    switch walk.sequel {
    case .fetch: fetchPage(id, on: &loop)
    case .finish: finish(id, .completed, error: nil, on: &loop)
    case .breakOff(let error, let termination): endWalk(id, error, termination, on: &loop)
    }
  }

  /// Puts the head of the list's answer into `output`.
  private mutating func beginList(_ id: SlabHandle, _ walk: ListWalk) {
    exchanges[id].state.partSent()
    exchanges[id].status = 200
    output.put(walk.head)
    walk.head.release()
    output.put("X-Scorm-Pages: ")
    if let pages = walk.request.pages { output.put(decimal: pages) } else { output.put("all") }
    output.put("\r\n")
    let items = walk.pages.itemsOfFirstPage
    if let count = walk.totalCount, count > 0, items > 0 {
      output.put("X-Scorm-Pages-Expected: ")
      output.put(decimal: (count - 1) / items + 1)
      output.put("\r\n")
    }
    generation.limitFields.put(exchanges[id].limitReport, into: &output)
    putRequestIDAndEnd(id)
    takeOffBeginning(id)
  }

  /// Ends a walk that cannot go on. If the caller has got nothing yet, it gets a problem document. Otherwise the end
  /// depends on the list's form. Lines end with one that says why. JSON gets no end: the connection is cut, so that a
  /// partial list cannot pass for a complete one. The same is done when the caller has got a part of a page.
  mutating func endWalk(
    _ id: SlabHandle, _ error: GatewayError, _ termination: Termination, on loop: inout EventLoop
  ) {
    guard let walk = exchanges[id].walk, exchanges[id].state.hasAnswered else {
      answerProblem(id, error, termination, refusal: nil, on: &loop)
      return
    }
    guard walk.request.form == .lines, !walk.hasOutput else {
      cutCaller(id, termination, error: error.kind.name, on: &loop)
      return
    }
    walk.pages.abandon()
    var problem = ByteBuffer()
    exchanges[id].putProblem(error, into: &problem)
    output.removeAll()
    // Without its line feed: the line goes on.
    walk.putBrokenEnd(problem.bytes.slice(0, problem.count - 1), into: &output)
    output.put("0\r\n\r\n")
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    finish(id, termination, error: error.kind.name, on: &loop)
  }

  /// Appends to the line what the walk did. It is over.
  mutating func noteWalk(_ id: SlabHandle) {
    guard let walk = exchanges[id].walk else { return }
    if exchanges[id].state.hasAnswered { exchanges[id].answerBytes = walk.bytesSent }
    if walk.attempts.count > 0 { TrafficLine.closeAttempts(into: &exchanges[id].line) }
    TrafficLine.putWalk(
      pages: walk.pages.pages, items: walk.pages.items,
      attempts: Int(exchanges[id].attemptsLogged), into: &exchanges[id].line)
    exchanges[id].attemptsLogged = 0
  }
}

extension ListWalk {
  /// Whether the walk goes on once the caller has read the output that waits for it.
  fileprivate var goesOn: Bool { if case .fetch = sequel { true } else { false } }
}
