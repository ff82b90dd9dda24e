internal import CLinux
internal import Glibc
internal import Memory
internal import System

/// Time: the alarm, and the connections' deadlines in the timer wheel.
extension EventLoop {
  /// Requests ``EventHandler/alarm(on:)`` at `time` (monotonic nanoseconds) or soon after. The earliest requested time
  /// counts. An alarm comes once.
  package mutating func setAlarm(at time: Int64) { alarmTime = min(alarmTime, time) }

  /// Sets the connection's only deadline to `time` (monotonic nanoseconds); nil removes it.
  /// ``EventHandler/deadlinePassed(_:tag:on:)`` follows within 17 ms after it.
  package mutating func setDeadline(_ socket: SocketID, at time: Int64?) {
    guard contains(socket) else { return }
    setWheelDeadline(socket, at: time)
  }

  /// The connection's deadline in monotonic nanoseconds, late by at most a tick of the wheel; 0 for none.
  package func deadline(of socket: SocketID) -> Int64 {
    contains(socket) ? connections[socket].deadlineTick << TimerWheel.tickShift : 0
  }

  mutating func setWheelDeadline(_ socket: SocketID, at time: Int64?) {
    guard let time else {
      connections[socket].deadlineTick = 0
      return
    }
    let tick = TimerWheel.tick(after: time)
    connections[socket].deadlineTick = tick
    let slot = connections[socket].slotTick
    // A later deadline stays in the earlier slot, and moves on when that slot is due.
    if slot != 0 && slot <= tick { return }
    unlink(socket)
    link(socket, tick)
  }

  /// Whether the peer of a finishing connection has taken some of its last bytes since the previous check. For a long
  /// time, what it takes from the kernel does not show in the queue here.
  private mutating func takesMore(_ socket: SocketID) -> Bool {
    guard connections[socket].phase == .flushing else { return false }
    let untaken = untakenBytes(socket)
    let isLess = untaken < connections[socket].finishMark
    connections[socket].finishMark = untaken
    return isLess
  }

  mutating func link(_ socket: SocketID, _ tick: Int64) {
    let slot = wheel.slotTick(for: tick)
    let head = wheel.head(at: slot)
    connections[socket].slotTick = slot
    connections[socket].previousInSlot = .none
    connections[socket].nextInSlot = head
    if head.isSome { connections[head].previousInSlot = socket }
    wheel.setHead(socket, at: slot)
    wheel.added()
  }

  mutating func unlink(_ socket: SocketID) {
    let slot = connections[socket].slotTick
    guard slot != 0 else { return }
    let previous = connections[socket].previousInSlot
    let next = connections[socket].nextInSlot
    if previous.isSome {
      connections[previous].nextInSlot = next
    } else {
      wheel.setHead(next, at: slot)
    }
    if next.isSome { connections[next].previousInSlot = previous }
    connections[socket].slotTick = 0
    wheel.removed()
  }

  mutating func serveDeadlines<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    while let tick = wheel.takeDue(now: now) {
      while true {
        let id = wheel.head(at: tick)
        guard id.isSome else { break }
        unlink(id)
        let deadline = connections[id].deadlineTick
        if deadline == 0 { continue }
        if deadline > tick {
          link(id, deadline)
          continue
        }
        connections[id].deadlineTick = 0
        if contains(id) {
          let tag = connections[id].tag
          handler.deadlinePassed(id, tag: tag, on: &self)
        } else if takesMore(id) {
          setWheelDeadline(id, at: now + flushTimeout)
        } else {
          // Finishing took too long. A truncated message must not look complete.
          if !connections[id].output.isEmpty {
            _ = cl_reset_on_close(connections[id].descriptor.number)
          }
          drop(id)
        }
      }
    }
  }
}
