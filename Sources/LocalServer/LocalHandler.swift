package import EventLoop
internal import HTTPMessages
internal import Memory
package import System

/// Serves a ``LocalResponder`` over HTTP/1.1 on one event loop.
///
/// One request of a connection is under way at a time; pipelined ones wait their turn, and the peer is
/// not read from meanwhile. Its parts:
/// - `LocalHandler+Admission.swift`: who gets a place.
/// - `LocalHandler+Security.swift`: TLS.
/// - `LocalHandler+Requests.swift`: bytes become requests.
/// - `LocalHandler+Answers.swift`: answers become bytes.
/// - `LocalHandler+SlowAnswers.swift`: answers that take time.
/// - `LocalHandler+Deliveries.swift`: answers that go out late, in pieces or not to their end.
/// - `LocalHandler+Streams.swift`: answers without an end.
/// - `LocalHandler+Draining.swift`: the end.
package struct LocalHandler<Responder: LocalResponder>: ~Copyable {
  let settings: LocalServerSettings
  var responder: Responder
  let mailbox: LoopMailbox<LocalServiceMessage>
  /// Closed when draining begins, so that nobody waits in the queue of a server that is going.
  var listener: ListeningSocket?
  var parser = RequestHeadParser()
  var dates = DateTexts()
  var connections = Slab<LocalConnection>(capacity: 16)
  /// An answer's head, and its body when that is small.
  var output = ByteBuffer()
  /// Connections whose bodies go on when the others had their turn.
  var continuing = RecordList<SlabHandle>(capacity: 4)
  /// Connections whose answers take their time on purpose.
  var deliveries: [SlabHandle] = []
  /// Answers without an end, and when they go on.
  var streams: [(handle: SlabHandle, stream: Int)] = []
  var nextTick = Int64.max
  /// When the responder has something to do without a request.
  var nextAttention = Int64.max
  /// For answers that take time; started with the first of them.
  var worker: LocalWorker?
  /// Connections that came and requests that were answered: tells who has waited longest.
  var turns: UInt64 = 0
  var isDraining = false
  /// When draining must be over.
  var drainDeadline = Int64.max

  /// Serves what `listener` accepts, which the loop must be told to watch (``EventLoop/listen(on:)``).
  init(
    settings: LocalServerSettings, responder: consuming Responder,
    mailbox: LoopMailbox<LocalServiceMessage>, listener: consuming ListeningSocket
  ) {
    self.settings = settings
    self.responder = responder
    self.mailbox = mailbox
    self.listener = consume listener
  }
}

extension LocalHandler: EventHandler {
  package mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    guard let handle = takePlace(on: &loop) else {
      // A peer that waits for TLS cannot read why.
      if settings.acceptor?() == nil { refuseConnection(descriptor, on: &loop) }
      return
    }
    begin(handle, over: descriptor, on: &loop)
  }

  package mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    // There are no outgoing connections.
    if connections.contains(tag.record) { secured(tag.record, on: &loop) }
  }

  package mutating func spokePlainly(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    guard connections.contains(tag.record) else { return }
    connections[tag.record].isShakingHands = false
    refuse(tag.record, 400, "This port uses TLS: use https://.", on: &loop)
  }

  package mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    let handle = tag.record
    guard connections.contains(handle) else { return }
    if connections[handle].http.input.isEmpty {
      let served = serve(handle, bytes, on: &loop)
      guard connections.contains(handle) else { return }
      connections[handle].http.input.put(bytes.slice(served, bytes.byteCount))
    } else {
      connections[handle].http.input.put(bytes)
      serveInput(handle, on: &loop)
    }
    settle(handle, on: &loop)
  }

  package mutating func ended(
    _ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop
  ) {
    guard connections.contains(tag.record) else { return }
    connections[tag.record].http.ended()
    // It may still read (RFC 9112 section 9.6): an answer under way, and requests before it, go on.
    settle(tag.record, on: &loop)
  }

  package mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    guard connections.contains(tag.record), connections[tag.record].phase == .answer,
      !connections[tag.record].awaitsWorker, connections[tag.record].delivery == nil,
      connections[tag.record].stream == nil
    else { return }
    continueAnswer(tag.record, on: &loop)
  }

  package mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop
  ) {
    if connections.contains(tag.record) { _ = connections.remove(tag.record) }
  }

  package mutating func deadlinePassed(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {
    let handle = tag.record
    guard connections.contains(handle) else { return }
    if connections[handle].isShakingHands {
      loop.close(socket)
      _ = connections.remove(handle)
      return
    }
    switch connections[handle].phase {
    case .head where !connections[handle].http.awaitsHead: finish(handle, on: &loop)
    case .head: refuse(handle, 408, "The request's head did not arrive in time.", on: &loop)
    case .body: refuse(handle, 408, "The request's body stopped arriving.", on: &loop)
    case .answer
    where connections[handle].stream == nil
      && connections[handle].http.readsOn(untaken: loop.untakenBytes(socket)):
      loop.setDeadline(socket, at: loop.now + settings.idleTimeout)
    case .answer:
      // It does not read its answer: cut, so that it cannot take a part for the whole.
      loop.abort(socket)
      _ = connections.remove(handle)
    }
  }

  package mutating func alarm(on loop: inout EventLoop) {
    // Those that go on again after this turn are the next alarm's.
    var round = RecordList<SlabHandle>(capacity: 4)
    swap(&round, &continuing)
    for i in 0..<round.count where connections.contains(round[i]) {
      continueAnswer(round[i], on: &loop)
    }
    continueDeliveries(on: &loop)
    continueStreams(on: &loop)
    if loop.now >= nextAttention { attend(on: &loop) }
    if isDraining { continueDraining(on: &loop) }
  }

  /// Lets the responder do what is due, and asks for the alarm that it wants.
  mutating func attend(on loop: inout EventLoop) {
    nextAttention = responder.attend().map { loop.now + max(0, $0) } ?? .max
    if nextAttention < .max { loop.setAlarm(at: nextAttention) }
  }

  package mutating func woken(on loop: inout EventLoop) {
    for message in mailbox.takeAll() {
      switch message {
      case .drain(let nanoseconds): beginDraining(within: nanoseconds, on: &loop)
      case .give(let nanoseconds):
        if !isDraining {
          loop.pauseListening()
          loop.leaveListeners(&self)
          listener?.disown()
        }
        beginDraining(within: nanoseconds, on: &loop)
      case .accept: if !isDraining { loop.resumeListening() }
      case .answer(let handle, let response): completeSlowAnswer(handle, response, on: &loop)
      case .attend: attend(on: &loop)
      }
    }
  }
}
