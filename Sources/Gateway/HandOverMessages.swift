internal import Memory
internal import System

/// What two processes of one gateway say to each other while one takes over from the other.
enum HandOverMessage: UInt8 {
  // From the old one.
  /// Version, key, listening sockets with their descriptors.
  case hello = 1
  /// A secret that was taken out of the environment.
  case secret
  case token
  /// All is said that it needs to get ready.
  case prepare
  /// Of limits and pauses.
  case used
  case mode
  /// All state is told: say that you are prepared, and wait.
  case settle
  /// You are the gateway from now on.
  case serve
  /// A caller's connection, with its descriptor.
  case caller
  /// Lines for the journal.
  case lines
  /// How many calls of which quotas are still under way.
  case underWay
  /// The journal's file is yours.
  case journal

  // From the new one.
  /// It can serve.
  case ready = 128
  /// It has the state, and would serve at the next word.
  case prepared

  /// The first message's form. It never changes: whoever cannot read more can read that.
  static let magic: UInt32 = 0x5347_484f
  /// Of tokens, limits and modes. One that another version writes is not read.
  static let stateVersion: UInt32 = 1
}

/// A message as it is written. Its bytes are overwritten with it.
final class MessageWriter {
  /// Never moved: no copy of a secret is left behind.
  private var bytes: [UInt8]
  private var count = 0
  /// Something did not fit.
  private(set) var isTooLong = false

  init(_ message: HandOverMessage, room: Int = MessageChannel.largest) {
    bytes = [UInt8](repeating: 0, count: min(room, MessageChannel.largest))
    put(message.rawValue)
  }

  deinit { for index in 0..<count { bytes[index] = 0 } }

  /// Whether a message of this length is long enough to be sent by itself.
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

  /// The whole message.
  func send(_ channel: MessageChannel, _ descriptors: [Int32] = [], waiting milliseconds: Int32)
    -> Bool
  {
    guard !isTooLong else { return false }
    // The same bytes, not a copy.
    let bytes = bytes
    return channel.send(
      bytes.span.bytesOfElements.slice(0, count), descriptors, waiting: milliseconds)
  }

  /// The same without waiting.
  func send(_ channel: MessageChannel, _ descriptors: [Int32] = []) -> MessageChannel.Sent {
    guard !isTooLong else { return .ended }
    let bytes = bytes
    return channel.send(bytes.span.bytesOfElements.slice(0, count), descriptors)
  }
}

/// A message as it is read, front to back. What is missing reads as zero or empty, and is told by ``isBroken``. Its bytes
/// are overwritten with it.
final class MessageReader {
  let message: HandOverMessage?
  private var bytes: [UInt8]
  private var at = 1
  private(set) var isBroken = false
  /// The receiver's to close or to use.
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

  /// Nothing is left.
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
