import Foundation
import Synchronization

/// A store that greets like Redis, and answers requests about limits and pauses with the test's bytes.
final class ScriptedStore: Sendable {
  /// An answer that grants the whole of a limit of 100 calls per second with a burst of 20.
  static let granted = "*7\r\n$2\r\nok\r\n:4096\r\n:20\r\n:0\r\n:0\r\n:1\r\n:1700000000000000\r\n"

  private let listener: LoopbackListener
  private let state: Mutex<State>
  var port: UInt16 { listener.port }

  private struct State {
    var answer: String?
    var questions = 0
  }

  /// - Parameter answer: the answer to a request for a lease; nil for none.
  init(answering answer: String?) throws {
    listener = try LoopbackListener()
    state = Mutex(State(answer: answer))
    listener.serve { [self] wire, _ in
      while true { try serve(try ScriptedStore.command(wire), wire) }
    }
  }

  func stop() { listener.stop() }

  func answer(_ text: String?) { state.withLock { $0.answer = text } }

  /// The number of requests for leases.
  var questions: Int { state.withLock { $0.questions } }

  private func serve(_ words: [String], _ wire: Wire) throws {
    switch words.first {
    case "SCRIPT": try wire.send("$40\r\n\(String(repeating: "a", count: 40))\r\n")
    case "SUBSCRIBE": try wire.send("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
    case "EVALSHA" where words[3].contains(":limit:"):
      let answer = state.withLock { state in
        state.questions += 1
        return state.answer
      }
      guard let answer else { return }
      try wire.send(answer)
      // A truncated answer ends with the connection.
      if answer.utf8.last != UInt8(ascii: "\n") { throw WireEnd.closed }
    case "EVALSHA": try wire.send("*1\r\n$2\r\nok\r\n")
    default: try wire.send("+OK\r\n")
    }
  }

  private static func command(_ wire: Wire) throws -> [String] {
    wire.receiveLimit = 60
    let count = Int(try wire.take(through: "\r\n").dropFirst().dropLast()) ?? 0
    return try (0..<count).map { _ in
      let length = Int(try wire.take(through: "\r\n").dropFirst().dropLast()) ?? 0
      return String(decoding: try wire.take(length + 2).dropLast(2), as: UTF8.self)
    }
  }
}
