import HTTPMessages
import Testing

@testable import Forwarding

@Suite("What is sent once more")
struct RetryRuleTests {
  private static let methods: [HTTPMethod] = [
    .get, .head, .post, .put, .delete, .options, .patch, .trace, .connect, .other,
  ]

  /// RFC 9110 section 9.2.2, written independently of the code.
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

  @Test("a request of which not all was sent is repeated, whatever its method")
  func partial() {
    for method in RetryRuleTests.methods {
      for (number, isReplayable, received) in [
        (1, true, false), (2, true, false), (1, false, false), (1, true, true),
      ] {
        let attempt = RetryRule.Attempt(
          method: method, number: number, wasReused: false, wroteBytes: true,
          receivedBytes: received, isReplayable: isReplayable, isPartial: true)
        #expect(
          RetryRule.allowsRetry(after: attempt) == (number == 1 && isReplayable && !received))
      }
    }
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
