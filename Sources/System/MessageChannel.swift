internal import CLinux
internal import Glibc
internal import Memory

/// One end of a pair of sockets between two processes, for whole messages with descriptors.
///
/// Any thread may send; one thread receives. What is sent never touches a disk, an argument or the environment.
/// Received bytes are overwritten before the next message.
package final class MessageChannel: @unchecked Sendable {
  // @unchecked: only the receiving thread uses the buffer.

  /// The most bytes of one message: below the 208 KiB that the kernel takes at once by default.
  package static let largest = 160 * 1024
  /// The most descriptors of one message.
  package static let mostDescriptors = 32
  /// The descriptor number of a started program's end.
  package static let inheritedNumber: Int32 = 3

  private let descriptor: Descriptor
  private var buffer = [UInt8](repeating: 0, count: MessageChannel.largest)

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Both ends of a new pair.
  package static func pair() throws(SystemError) -> (MessageChannel, MessageChannel) {
    var ends: (Int32, Int32) = (-1, -1)
    // Proof: the call writes two numbers, into a tuple of two.
    let status = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
      unsafe cl_message_pair(bytes.baseAddress!.assumingMemoryBound(to: Int32.self))
    }
    guard status == 0 else { throw .current }
    return (
      MessageChannel(Descriptor(owning: ends.0)), MessageChannel(Descriptor(owning: ends.1))
    )
  }

  /// The end that this process inherited as ``inheritedNumber``; nil when the descriptor is something else, or another
  /// user's.
  package static func inherited() -> MessageChannel? {
    guard cl_is_message_end(inheritedNumber) == 1 else { return nil }
    InheritedDescriptor.closeOnExec(inheritedNumber)
    return MessageChannel(Descriptor(owning: inheritedNumber))
  }

  /// For poll(2).
  package var number: Int32 { descriptor.number }

  /// What happened to a message.
  package enum Sent: Sendable { case sent, full, ended }

  /// Sends one message, if the other end has room for it. The sender keeps its descriptors.
  package func send(_ bytes: RawSpan, _ descriptors: [Int32] = []) -> Sent {
    precondition(bytes.byteCount <= MessageChannel.largest)
    // Proof: the kernel reads as many bytes and numbers as given, during the call.
    let count = unsafe bytes.withUnsafeBytes { source in
      unsafe cl_send_message(
        descriptor.number, source.baseAddress, source.count, descriptors, Int32(descriptors.count))
    }
    if count >= 0 { return .sent }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? .full : .ended
  }

  /// Like ``send(_:_:)``, but waits for room, each time for at most `milliseconds`.
  ///
  /// - Returns: whether it was sent.
  package func send(
    _ bytes: RawSpan, _ descriptors: [Int32] = [], waiting milliseconds: Int32
  ) -> Bool {
    while true {
      switch send(bytes, descriptors) {
      case .sent: return true
      case .ended: return false
      case .full:
        var room = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
        // Proof: one record, whose storage outlives the call.
        guard unsafe poll(&room, 1, milliseconds) > 0 else { return false }
      }
    }
  }

  /// The result of receiving.
  package enum Received<Result>: ~Copyable {
    case message(Result)
    case nothing
    /// The other process has closed its end, or is gone.
    case end
  }

  /// Receives the next message, if there is one, and lends it to `body` together with the descriptors, which then
  /// belong to the receiver.
  package func receive<Result>(
    _ body: (RawSpan, [Int32]) -> Result
  ) -> Received<Result> {
    var descriptors = [Int32](repeating: -1, count: MessageChannel.mostDescriptors)
    var count: Int32 = 0
    // Proof: the kernel writes within the buffer and the array, whose lengths it gets.
    let size = unsafe buffer.withUnsafeMutableBytes { room in
      unsafe cl_receive_message(
        descriptor.number, room.baseAddress, room.count, &descriptors,
        Int32(MessageChannel.mostDescriptors), &count)
    }
    if size < 0 { return errno == EAGAIN || errno == EWOULDBLOCK ? .nothing : .end }
    if size == 0 { return .end }
    let result = body(
      buffer.span.bytesOfElements.slice(0, size), Array(descriptors.prefix(Int(count))))
    wipe(size)
    return .message(result)
  }

  private func wipe(_ size: Int) {
    // Proof: `size` bytes were received into the buffer, so it has at least that many.
    unsafe buffer.withUnsafeMutableBytes { unsafe explicit_bzero($0.baseAddress!, size) }
  }
}
