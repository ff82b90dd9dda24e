import EventLoop
import Synchronization
import System

/// An event that a loop reported to its handler.
enum LoopEvent: Sendable, Equatable {
  case accepted(SocketID)
  case connected(SocketID)
  /// These bytes were received.
  case received(SocketID, [UInt8])
  case ended(SocketID, cleanly: Bool)
  case endAnnounced(SocketID)
  case drained(SocketID)
  case spokePlainly(SocketID)
  case failed(SocketID, SocketFailure)
  /// A deadline passed, at this time of the loop.
  case deadline(SocketID, at: Int64)
  case alarm(at: Int64)
  case acceptingPutOff
  /// An action that a test requested is done.
  case done(Int)
}

/// The events of a loop in order, for a test that waits on another thread.
final class EventJournal: Sendable {
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  private let events = Mutex<[LoopEvent]>([])
  private let signal: ThreadSignal

  init() throws { signal = try ThreadSignal() }

  func append(_ event: LoopEvent) {
    events.withLock { $0.append(event) }
    signal.notify()
  }

  var all: [LoopEvent] { events.withLock { $0 } }

  /// Waits at most ten seconds until `pick` finds something in the events so far.
  func wait<Found>(for what: String, _ pick: ([LoopEvent]) -> Found?) throws -> Found {
    for _ in 0..<100_000 {
      if let found = pick(all) { return found }
      guard signal.wait(milliseconds: 10_000) else { break }
    }
    throw Missing(description: "no \(what) in \("\(all.suffix(5))".prefix(500))")
  }

  /// The accepted connection with this number, counted from 1.
  func waitForAccepted(_ number: Int = 1) throws -> SocketID {
    try wait(for: "connection") { events in
      var left = number
      for case .accepted(let socket) in events {
        left -= 1
        if left == 0 { return socket }
      }
      return nil
    }
  }

  func wait(for event: LoopEvent) throws {
    try wait(for: "\(event)") { $0.contains(event) ? () : nil }
  }

  /// All bytes received from `socket` so far.
  func bytes(from socket: SocketID) -> [UInt8] {
    all.reduce(into: []) { result, event in
      if case .received(socket, let bytes) = event { result += bytes }
    }
  }
}
