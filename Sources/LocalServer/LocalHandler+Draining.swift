internal import EventLoop
internal import HTTPMessages
internal import Memory

/// The end of a local server: what is under way is finished, nothing new begins.
extension LocalHandler {
  /// Between two checks whether all connections are gone.
  private static var drainCheckInterval: Int64 { 10_000_000 }

  mutating func beginDraining(within nanoseconds: Int64, on loop: inout EventLoop) {
    drainDeadline = min(drainDeadline, loop.now &+ nanoseconds)
    if !isDraining {
      isDraining = true
      loop.stopListening(&self)
      listener = nil
      endStreams(on: &loop)
      // Connections that wait for nothing close at once, the others after their next answer.
      for handle in connections.handles
      where connections[handle].phase == .head && connections[handle].http.input.isEmpty {
        finish(handle, on: &loop)
      }
    }
    continueDraining(on: &loop)
  }

  /// Ends the loop when the last connection is gone, or time is up.
  mutating func continueDraining(on loop: inout EventLoop) {
    if loop.connectionCount == 0 || loop.now >= drainDeadline {
      loop.stop()
    } else {
      loop.setAlarm(at: min(drainDeadline, loop.now + LocalHandler.drainCheckInterval))
    }
  }
}
