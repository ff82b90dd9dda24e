internal import EventLoop
internal import Memory

/// Answers that take time. A worker thread makes them while the loop serves others.
extension LocalHandler {
  /// The time limit for an answer once its request is complete.
  private static var slowAnswerTimeout: Int64 { 120_000_000_000 }

  mutating func beginSlowAnswer(
    _ handle: SlabHandle, _ work: @escaping @Sendable () -> LocalResponse, on loop: inout EventLoop
  ) {
    if worker == nil { worker = try? LocalWorker(mailbox) }
    guard let worker, worker.post(handle, work) else {
      answer(
        handle,
        .message(
          503, "Too many slow requests are in progress; try again later.",
          fields: [(name: "Retry-After", value: "1")]), on: &loop)
      return
    }
    connections[handle].phase = .answer
    connections[handle].awaitsWorker = true
    loop.setDeadline(
      connections[handle].socket, at: loop.now + LocalHandler.slowAnswerTimeout)
  }

  /// Sends the worker's answer, if its connection still exists.
  mutating func completeSlowAnswer(
    _ handle: SlabHandle, _ response: LocalResponse, on loop: inout EventLoop
  ) {
    guard connections.contains(handle), connections[handle].awaitsWorker else { return }
    connections[handle].awaitsWorker = false
    answer(handle, response, on: &loop)
    guard connections.contains(handle), connections[handle].phase != .answer else { return }
    serveInput(handle, on: &loop)
    settle(handle, on: &loop)
  }
}
