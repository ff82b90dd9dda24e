internal import EventLoop
package import GatewayServer
internal import Memory
internal import Synchronization
internal import System

/// The connection to the process that takes over. It carries callers from any event loop, and lines for the journal.
package final class SuccessorLink: CallerTaker, Sendable {
  let channel: MessageChannel
  /// The lines of this process's last calls.
  let lines = OutgoingLines()

  /// Bytes in a caller's message besides the caller's input.
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

  /// Sends waiting lines while there is room. Waits up to `milliseconds` for room before each message.
  func flushLines(waiting milliseconds: Int32 = 0) {
    _ = lines.flush(most: SuccessorLink.linesRoom) { bytes in
      let message = MessageWriter(.lines, room: bytes.byteCount + 16)
      message.put(bytes)
      return message.send(channel, waiting: milliseconds)
    }
  }
}
