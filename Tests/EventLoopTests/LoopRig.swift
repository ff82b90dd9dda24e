import EventLoop
import Foundation
import Glibc
import Memory
import System

/// Runs `body` on a separate thread, because blocking calls must not occupy the cooperative pool.
func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}

/// A loop on a separate thread that records its events and runs the actions that a test posts.
final class LoopRig: Sendable {
  typealias Action = @Sendable (inout EventLoop) -> Void

  let journal: EventJournal
  private let mailbox: LoopMailbox<Action>
  private let thread: SystemThread
  /// Where it listens; nil if it does not.
  let address: SocketAddress?
  var port: UInt16 { address?.port ?? 0 }

  /// `pauses`: whether reading a connection pauses after every event with bytes.
  /// `tls`: the TLS acceptor for new connections.
  init(pauses: Bool = false, listens: Bool = true, tls: TLSAcceptor? = nil) throws {
    let journal = try EventJournal()
    let mailbox = try LoopMailbox<Action>()
    var listening: SocketAddress?
    if listens {
      let listener = try ListeningSocket(tcp: try loopback(port: 0))
      listening = listener.address
      let held = HeldListener(listener)
      thread = try SystemThread("loop") {
        LoopRig.run(journal, mailbox, pauses: pauses, held, tls)
      }
    } else {
      thread = try SystemThread("loop") { LoopRig.run(journal, mailbox, pauses: pauses, nil, nil) }
    }
    self.journal = journal
    self.mailbox = mailbox
    address = listening
  }

  deinit {
    mailbox.post { $0.stop() }
    thread.join()
  }

  private final class HeldListener: Sendable {
    let socket: ListeningSocket
    init(_ socket: consuming ListeningSocket) { self.socket = socket }
  }

  private static func run(
    _ journal: EventJournal, _ mailbox: LoopMailbox<Action>, pauses: Bool, _ held: HeldListener?,
    _ acceptor: TLSAcceptor?
  ) {
    do {
      var loop = try EventLoop(waker: mailbox.waker)
      if let held { _ = try loop.listen(on: held.socket) }
      var handler = WritingHandler(
        journal: journal, mailbox: mailbox, pauses: pauses, acceptor: acceptor)
      loop.run(&handler)
    } catch {
      // The journal stays empty, and the test reports what is missing.
    }
  }

  func post(_ action: @escaping Action) { mailbox.post(action) }

  /// Runs `action` on the loop and waits until it is done.
  func perform(_ number: Int = Int.random(in: 0 ... .max), _ action: @escaping Action) throws {
    let journal = journal
    post { loop in
      action(&loop)
      journal.append(.done(number))
    }
    try journal.wait(for: .done(number))
  }

  /// Waits until the loop has served everything that happened before.
  func passTwice() throws {
    try perform { _ in }
    try perform { _ in }
  }

  func send(_ bytes: [UInt8], to socket: SocketID) {
    post { loop in loop.send(bytes.span.bytesOfElements, to: socket) }
  }
}

/// Writes every event into a journal.
struct WritingHandler: ~Copyable, EventHandler {
  let journal: EventJournal
  let mailbox: LoopMailbox<LoopRig.Action>
  let pauses: Bool
  let acceptor: TLSAcceptor?

  mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    let tag = SocketTag(kind: 1, record: .none)
    let adopted: SocketID?
    if let acceptor {
      adopted = loop.adopt(descriptor, tls: acceptor, tag: tag)
    } else {
      adopted = loop.adopt(descriptor, tag: tag)
    }
    guard let socket = adopted else { return }
    journal.append(.accepted(socket))
  }

  mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    journal.append(.connected(socket))
  }

  mutating func spokePlainly(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    journal.append(.spokePlainly(socket))
    loop.send(Array("plain".utf8).span.bytesOfElements, to: socket)
    loop.finish(socket)
  }

  mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    if pauses { loop.pauseReading(socket) }
    journal.append(.received(socket, bytes.copied()))
  }

  mutating func ended(
    _ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop
  ) {
    journal.append(.ended(socket, cleanly: cleanly))
  }

  mutating func endAnnounced(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    journal.append(.endAnnounced(socket))
  }

  mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    journal.append(.drained(socket))
  }

  mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop
  ) {
    journal.append(.failed(socket, failure))
  }

  mutating func deadlinePassed(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    journal.append(.deadline(socket, at: loop.now))
  }

  mutating func alarm(on loop: inout EventLoop) { journal.append(.alarm(at: loop.now)) }

  mutating func acceptingPutOff(on loop: inout EventLoop) { journal.append(.acceptingPutOff) }

  mutating func woken(on loop: inout EventLoop) {
    for action in mailbox.takeAll() { action(&loop) }
  }
}

func loopback(port: UInt16) throws -> SocketAddress {
  guard let address = SocketAddress(numericHost: "127.0.0.1", port: port) else {
    throw SystemError(number: EINVAL)
  }
  return address
}
