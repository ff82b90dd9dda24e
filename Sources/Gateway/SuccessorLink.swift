internal import EventLoop
package import GatewayServer
internal import Memory
internal import Synchronization
internal import System

/// The way to the process that takes over: callers from any event loop, lines for the journal.
package final class SuccessorLink: CallerTaker, Sendable {
  let channel: MessageChannel
  /// Lines of this process' last calls.
  let lines = OutgoingLines()

  /// Bytes of a caller's message beside what the caller has sent.
  private static let callerRoom = 64
  /// Bytes of lines in one message.
  private static let linesRoom = MessageChannel.largest - 16

  init(_ channel: MessageChannel) { self.channel = channel }

  package func take(_ descriptor: Int32, listener: Int, input: RawSpan) -> CallerTaken {
    let message = MessageWriter(.caller, room: SuccessorLink.callerRoom + input.byteCount)
    message.put(UInt32(listener))
    message.put(input)
    switch message.send(channel, [descriptor]) {
    case .sent: return .taken
    case .full: return .later
    case .ended: return .never
    }
  }

  /// Sends the lines that wait, as far as there is room, or comes to be within so many milliseconds each time.
  func flushLines(waiting milliseconds: Int32 = 0) {
    _ = lines.flush(most: SuccessorLink.linesRoom) { bytes in
      let message = MessageWriter(.lines, room: bytes.byteCount + 16)
      message.put(bytes)
      return message.send(channel, waiting: milliseconds)
    }
  }
}
