package import EventLoop
internal import HTTPMessages
internal import Memory
package import System

/// Serves a ``LocalResponder`` over HTTP/1.1 on one event loop.
///
/// A connection has one request under way at a time. Pipelined requests wait their turn, and the peer is not read
/// meanwhile. Its parts:
/// - `LocalHandler+Admission.swift`: which connections get a place.
/// - `LocalHandler+Security.swift`: TLS.
/// - `LocalHandler+Requests.swift`: bytes become requests.
/// - `LocalHandler+Answers.swift`: answers become bytes.
/// - `LocalHandler+SlowAnswers.swift`: answers that take time.
/// - `LocalHandler+Deliveries.swift`: answers that are sent late, in pieces, or not completely.
/// - `LocalHandler+Streams.swift`: answers without an end.
/// - `LocalHandler+Draining.swift`: the end.
package struct LocalHandler<Responder: LocalResponder>: ~Copyable {
  let settings: LocalServerSettings
  var responder: Responder
  let mailbox: LoopMailbox<LocalServiceMessage>
  /// Closed when draining begins, so that no client waits in the queue of a server that stops.
  var listener: ListeningSocket?
  var parser = RequestHeadParser()
  var dates = DateTexts()
  var connections = Slab<LocalConnection>(capacity: 16)
  /// An answer's head, and its body when that is small.
  var output = ByteBuffer()
  /// Connections whose bodies go on after the others had their turn.
  var continuing = RecordList<SlabHandle>(capacity: 4)
  /// Connections whose answers are deliberately slow.
  var deliveries: [SlabHandle] = []
  /// Answers without an end; then when they go on.
  var streams: [(handle: SlabHandle, stream: Int)] = []
  var nextTick = Int64.max
  /// When the responder has something to do without a request.
  var nextAttention = Int64.max
  /// Makes answers that take time; started with the first of them.
  var worker: LocalWorker?
  /// Counts new connections and answered requests, to find which connection has waited longest.
  var turns: UInt64 = 0
  var isDraining = false
  /// When draining must be over.
  var drainDeadline = Int64.max

  /// Serves what `listener` accepts. The loop must be made to watch it (``EventLoop/listen(on:)``).
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
      // A peer that waits for a TLS handshake could not read the reason.
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
    // The peer may still read (RFC 9112 section 9.6): an answer under way, and the requests before this end, go on.
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
      // The peer does not read its answer: cut the connection, so that a part cannot pass for the whole.
      loop.abort(socket)
      _ = connections.remove(handle)
    }
  }

  package mutating func alarm(on loop: inout EventLoop) {
    // Answers that go on again after this turn wait for the next alarm.
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

  /// Lets the responder do what is due, and sets the alarm that it needs.
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
