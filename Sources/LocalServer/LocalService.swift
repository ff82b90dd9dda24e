package import EventLoop
package import Memory
internal import Synchronization
package import System

/// What other threads tell a local server.
package enum LocalServiceMessage: Sendable {
  /// Finish what is under way within so many nanoseconds, accept nothing more, then end.
  case drain(nanoseconds: Int64)
  /// The same, while another process goes on accepting on the same socket.
  case give(nanoseconds: Int64)
  /// Begin to accept, if the server was started without accepting.
  case accept
  /// The worker's answer to a connection's request.
  case answer(connection: SlabHandle, LocalResponse)
  /// The responder has something to attend to.
  case attend
}

/// A running local server: one thread with one event loop and its own ``LocalResponder``.
package final class LocalService: Sendable {
  /// The address at which it listens, with the port that the system chose if 0 was requested.
  package let address: SocketAddress
  private let mailbox: LoopMailbox<LocalServiceMessage>
  /// Taken by the caller that waits for the thread's end.
  private let thread: Mutex<SystemThread?>

  private init(
    address: SocketAddress, mailbox: LoopMailbox<LocalServiceMessage>, thread: SystemThread
  ) {
    self.address = address
    self.mailbox = mailbox
    self.thread = Mutex(thread)
  }

  /// Starts a thread called `name` that serves what `listener` accepts.
  ///
  /// `makeResponder` is called once, on that thread.
  ///
  /// - Parameter accepts: if false, callers wait in the kernel until ``accept()``.
  /// - Throws: when the process is out of threads or descriptors.
  package static func start<Responder: LocalResponder & SendableMetatype>(
    name: String, listeningOn listener: consuming ListeningSocket, settings: LocalServerSettings,
    accepts: Bool = true, clock: TimeSource = .system,
    makeResponder: @escaping @Sendable () -> Responder
  ) throws(SystemError) -> LocalService {
    let address = listener.address
    let mailbox = try LoopMailbox<LocalServiceMessage>()
    let start = try LocalServiceStart(listener)
    let thread = try SystemThread(name) {
      run(start, settings, accepts, clock, mailbox, makeResponder)
    }
    if let failure = start.outcome() {
      thread.join()
      throw failure
    }
    return LocalService(address: address, mailbox: mailbox, thread: thread)
  }

  /// Serves until the message to stop arrives. This is the thread's whole life.
  private static func run<Responder: LocalResponder & SendableMetatype>(
    _ start: LocalServiceStart, _ settings: LocalServerSettings, _ accepts: Bool,
    _ clock: TimeSource,
    _ mailbox: LoopMailbox<LocalServiceMessage>, _ makeResponder: @Sendable () -> Responder
  ) {
    guard let listener = start.takeListener() else { return }
    do throws(SystemError) {
      var loop = try EventLoop(waker: mailbox.waker, clock: clock)
      loop.connectionLimit =
        settings.maximumConnections + LocalServerSettings.reservedConnections
        + LocalServerSettings.departingConnections
      loop.restLimit = LocalServerSettings.departingConnections / 4
      _ = try loop.listen(on: listener)
      if !accepts { loop.pauseListening() }
      var handler = LocalHandler(
        settings: settings, responder: makeResponder(), mailbox: mailbox, listener: listener)
      start.began(nil)
      loop.run(&handler)
      handler.worker?.stop()
    } catch {
      start.began(error)
    }
  }

  /// Lets the responder attend to what came from other threads (``LocalResponder/attend()``).
  package func callAttention() { mailbox.post(.attend) }

  /// Begins what ``stop(within:)`` does, without waiting for it.
  package func leave(within seconds: Double) {
    mailbox.post(.drain(nanoseconds: LocalService.nanoseconds(seconds)))
  }

  /// The same, while another process goes on accepting on the same socket.
  package func give(within seconds: Double) {
    mailbox.post(.give(nanoseconds: LocalService.nanoseconds(seconds)))
  }

  /// Begins to accept, if the server was started without accepting.
  package func accept() { mailbox.post(.accept) }

  private static func nanoseconds(_ seconds: Double) -> Int64 {
    Int64(max(0, min(seconds, 86_400)) * 1_000_000_000)
  }

  /// Ends the server. It stops accepting at once, requests under way may finish within `seconds`, and what is left then
  /// is cut. Blocks its thread until then. May be called more than once.
  package func stop(within seconds: Double = 5) {
    leave(within: seconds)
    let taken = thread.withLock { thread in
      let taken = thread
      thread = nil
      return taken
    }
    taken?.join()
  }

  deinit { mailbox.post(.drain(nanoseconds: 0)) }
}

/// Hands the listener to the new thread, and reports back whether the thread could begin.
private final class LocalServiceStart: Sendable {
  private let listener: Mutex<ListeningSocket?>
  private let failure = Mutex<SystemError?>(nil)
  private let signal: ThreadSignal

  init(_ listener: consuming ListeningSocket) throws(SystemError) {
    signal = try ThreadSignal()
    self.listener = Mutex(consume listener)
  }

  func takeListener() -> ListeningSocket? {
    listener.withLock { listener in
      var taken: ListeningSocket?
      swap(&taken, &listener)
      return taken
    }
  }

  func began(_ failure: SystemError?) {
    self.failure.withLock { $0 = failure }
    signal.notify()
  }

  /// Waits until the thread has begun, or could not. Returns why it could not.
  func outcome() -> SystemError? {
    while !signal.wait(milliseconds: -1) {}
    return failure.withLock { $0 }
  }
}
