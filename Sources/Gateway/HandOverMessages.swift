internal import Memory
internal import System

/// The messages between two processes of one gateway while one takes over from the other.
enum HandOverMessage: UInt8 {
  // From the old process.
  /// Version, key, listening sockets with their descriptors.
  case hello = 1
  /// A secret that was removed from the environment.
  case secret
  case token
  /// The new process has been sent all that it needs to get ready.
  case prepare
  /// The use of limits and the state of pauses.
  case used
  case mode
  /// The whole state was sent. The new process must confirm with ``prepared`` and wait.
  case settle
  /// The new process is the gateway from now on.
  case serve
  /// A caller's connection, with its descriptor.
  case caller
  /// Lines for the journal.
  case lines
  /// The number of calls still in progress, for quotas that were sent before.
  case underWay
  /// The journal's file belongs to the new process.
  case journal

  // From the new process.
  /// The new process can serve.
  case ready = 128
  /// The new process has the state, and would serve on the next message.
  case prepared

  /// The form of the first message, which never changes: even a version that understands nothing else can read it.
  static let magic: UInt32 = 0x5347_484f
  /// The version of the form of tokens, limits and modes. A process ignores those of another version.
  static let stateVersion: UInt32 = 1
}

/// Builds a message. Its bytes are overwritten when it is destroyed.
final class MessageWriter {
  /// Never reallocated, so that no copy of a secret is left behind.
  private var bytes: [UInt8]
  private var count = 0
  /// Something did not fit.
  private(set) var isTooLong = false

  init(_ message: HandOverMessage, room: Int = MessageChannel.largest) {
    bytes = [UInt8](repeating: 0, count: min(room, MessageChannel.largest))
    put(message.rawValue)
  }

  deinit { for index in 0..<count { bytes[index] = 0 } }

  /// Whether this message is long enough to be sent now.
  var isLong: Bool { count > MessageChannel.largest / 2 }

  func put(_ byte: UInt8) {
    guard count < bytes.count else {
      isTooLong = true
      return
    }
    bytes[count] = byte
    count += 1
  }

  func put(_ number: UInt32) {
    for shift in 0..<4 { put(UInt8(truncatingIfNeeded: number >> UInt32(shift * 8))) }
  }

  func put(_ number: UInt64) {
    for shift in 0..<8 { put(UInt8(truncatingIfNeeded: number >> UInt64(shift * 8))) }
  }

  func put(_ number: Int64) { put(UInt64(bitPattern: number)) }

  func put(_ flag: Bool) { put(UInt8(flag ? 1 : 0)) }

  func put(_ text: String) {
    put(UInt32(clamping: text.utf8.count))
    for byte in text.utf8 { put(byte) }
  }

  func put(_ span: RawSpan) {
    put(UInt32(clamping: span.byteCount))
    for index in 0..<span.byteCount { put(span[index]) }
  }

  /// Sends the whole message.
  func send(_ channel: MessageChannel, _ descriptors: [Int32] = [], waiting milliseconds: Int32)
    -> Bool
  {
    guard !isTooLong else { return false }
    // A copy-on-write reference: the bytes themselves are not copied.
    let bytes = bytes
    return channel.send(
      bytes.span.bytesOfElements.slice(0, count), descriptors, waiting: milliseconds)
  }

  /// Sends the whole message without waiting.
  func send(_ channel: MessageChannel, _ descriptors: [Int32] = []) -> MessageChannel.Sent {
    guard !isTooLong else { return .ended }
    let bytes = bytes
    return channel.send(bytes.span.bytesOfElements.slice(0, count), descriptors)
  }
}

/// Reads a message from front to back. Missing parts read as zero or empty and set ``isBroken``. Its bytes are
/// overwritten when it is destroyed.
final class MessageReader {
  let message: HandOverMessage?
  private var bytes: [UInt8]
  private var at = 1
  private(set) var isBroken = false
  /// Descriptors that the receiver must use or close.
  let descriptors: [Int32]

  init(_ span: RawSpan, _ descriptors: [Int32]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(span.byteCount)
    for index in 0..<span.byteCount { bytes.append(span[index]) }
    self.bytes = bytes
    self.descriptors = descriptors
    message = bytes.first.flatMap { HandOverMessage(rawValue: $0) }
  }

  deinit { for index in bytes.indices { bytes[index] = 0 } }

  /// Whether everything was read.
  var isAtEnd: Bool { at >= bytes.count }

  func byte() -> UInt8 {
    guard at < bytes.count else {
      isBroken = true
      return 0
    }
    at += 1
    return bytes[at - 1]
  }

  func word() -> UInt32 {
    var number: UInt32 = 0
    for shift in 0..<4 { number |= UInt32(byte()) << UInt32(shift * 8) }
    return number
  }

  func longWord() -> UInt64 {
    var number: UInt64 = 0
    for shift in 0..<8 { number |= UInt64(byte()) << UInt64(shift * 8) }
    return number
  }

  func number() -> Int64 { Int64(bitPattern: longWord()) }

  func flag() -> Bool { byte() != 0 }

  private func length() -> Int {
    let count = Int(word())
    guard count <= bytes.count - at else {
      isBroken = true
      at = bytes.count
      return 0
    }
    return count
  }

  func text() -> String {
    let count = length()
    defer { at += count }
    return String(decoding: bytes[at..<at + count], as: UTF8.self)
  }

  func data() -> [UInt8] {
    let count = length()
    defer { at += count }
    return Array(bytes[at..<at + count])
  }

  func secret() -> SecretBytes {
    let count = length()
    defer { at += count }
    return SecretBytes(copying: bytes.span.bytesOfElements.slice(at, at + count))
  }
}
