import HTTPMessages
import Testing

@testable import Forwarding

@Suite("What an exchange does next")
struct ExchangeStateMachineTests {
  @Test("with a credential at hand it goes straight to a connection and out")
  func straight() {
    var machine = ExchangeStateMachine()
    #expect(machine.begin(hasCredential: true, hasBody: false) == .takeConnection)
    #expect(machine.phase == .awaitingConnection)
    #expect(machine.requestIsComplete)
    #expect(machine.connectionReady() == .sendRequest)
    #expect(machine.phase == .forwarding)
    #expect(machine.attempts == 1)
    machine.answerBegan()
    machine.finished()
    #expect(machine.phase == .finished)
  }

  @Test("without one it waits for the token first")
  func waits() {
    var machine = ExchangeStateMachine()
    #expect(machine.begin(hasCredential: false, hasBody: true) == .waitForToken)
    #expect(machine.phase == .awaitingToken)
    #expect(!machine.requestIsComplete)
    #expect(machine.tokenArrived() == .collectBody)
    #expect(machine.wantsBody)
    #expect(machine.bodyCollected() == .takeConnection)
    #expect(machine.phase == .awaitingConnection)
    #expect(machine.connectionReady() == .sendRequest)
    machine.bodyForwarded()
    #expect(machine.bodyHasBegun && !machine.requestIsComplete)
    machine.requestCompleted()
    #expect(machine.requestIsComplete)
  }

  @Test("a failed attempt that may be repeated is, and counted")
  func retries() {
    var machine = ExchangeStateMachine()
    _ = machine.begin(hasCredential: true, hasBody: false)
    _ = machine.connectionReady()
    #expect(machine.upstreamFailed(mayRetry: true) == .retry)
    #expect(machine.phase == .awaitingConnection)
    #expect(machine.connectionReady() == .sendRequest)
    #expect(machine.attempts == 2)
    #expect(machine.upstreamFailed(mayRetry: false) == .answerError)
    #expect(machine.phase == .finished)
  }

  @Test(
    "once the caller has seen a part of an answer, nothing is repeated or answered",
    arguments: [true, false])
  func aborts(mayRetry: Bool) {
    var machine = ExchangeStateMachine()
    _ = machine.begin(hasCredential: true, hasBody: false)
    _ = machine.connectionReady()
    machine.answerBegan()
    #expect(machine.upstreamFailed(mayRetry: mayRetry) == .abortCaller)
    #expect(machine.phase == .finished)
    #expect(machine.attempts == 1)
  }

  @Test("interim answers pass up to their bound; 101 never does")
  func interim() {
    var machine = ExchangeStateMachine()
    _ = machine.begin(hasCredential: true, hasBody: false)
    _ = machine.connectionReady()
    for _ in 0..<ExchangeStateMachine.interimLimit {
      #expect(machine.interimAnswerReceived(status: 103) == .passOn)
    }
    #expect(machine.interimAnswerReceived(status: 103) == .refuseAnswer)
    var other = ExchangeStateMachine()
    #expect(other.interimAnswerReceived(status: 101) == .refuseAnswer)
    #expect(machine.phase == .forwarding && !machine.answerHasBegun)
  }
}

@Suite("What is sent once more")
struct RetryRuleTests {
  private static let methods: [HTTPMethod] = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace, .connect, .other,
  ]

  /// RFC 9110 section 9.2.2, written down once more.
  private static let idempotent: Set<HTTPMethod> = [.get, .head, .put, .delete, .options, .trace]

  @Test("exactly what is safe is repeated, over every combination", arguments: methods)
  func table(method: HTTPMethod) {
    var allowed = 0
    for number in 1...3 {
      for bits in 0..<16 {
        let reused = bits & 1 != 0
        let wrote = bits & 2 != 0
        let received = bits & 4 != 0
        let replayable = bits & 8 != 0
        let attempt = RetryRule.Attempt(
          method: method, number: number, wasReused: reused, wroteBytes: wrote,
          receivedBytes: received, isReplayable: replayable)
        let isSafe =
          !wrote || (RetryRuleTests.idempotent.contains(method) && reused)
        let expected = number == 1 && !received && replayable && isSafe
        #expect(RetryRule.allowsRetry(after: attempt) == expected, "\(attempt)")
        allowed += expected ? 1 : 0
      }
    }
    #expect(allowed == (RetryRuleTests.idempotent.contains(method) ? 3 : 2))
  }
}

@Suite("How an exchange ended")
struct TerminationTests {
  @Test("its words are a bounded set: completed, or who/which phase")
  func words() {
    for party in Termination.Party.allCases {
      for phase in Termination.Phase.allCases {
        let text = Termination(party, phase).text.description
        let isEnd = text == "completed"
        #expect(isEnd == (party == .none))
        #expect(isEnd || text.hasPrefix("\(party)/"))
        #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") })
      }
    }
    #expect(Termination(.caller, .requestBody).text.description == "caller/request-body")
    #expect(Termination(.upstream, .responseHead).text.description == "upstream/response-head")
    #expect(Termination.completed.text.description == "completed")
  }
}

@Suite("Sets of operations")
struct OperationSetTests {
  @Test("hold what was put in, over the whole range of indices")
  func membership() {
    for index in UInt8(0)..<192 {
      var set = OperationSet()
      set.insert(index)
      #expect((UInt8(0)..<192).filter(set.contains) == [index])
    }
  }
}

extension ExchangeStateMachine {
  /// A request without limits in its way.
  fileprivate mutating func begin(hasCredential: Bool, hasBody: Bool) -> Action {
    opened(hasBody: hasBody)
    return admitted(hasCredential: hasCredential)
  }
}
