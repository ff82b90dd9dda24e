import HTTPMessages
import Testing

@testable import Forwarding

@Suite("Exchanges that meet anything an upstream, a token endpoint and a caller can do")
struct ExchangeSequenceTests {
  @Test("make a bounded number of attempts, never after an answer began, and count each wait once")
  func sequences() {
    var random = SplitMix64(state: 13)
    var answered = 0
    for _ in 0..<20_000 {
      var machine = ExchangeStateMachine()
      let hasBody = random.next() % 2 == 0
      machine.opened(method: .get, isHTTP10: false, hasBody: hasBody, keepsCaller: true)
      var now: Int64 = 0
      var climbs = 0
      var hasAnswered = false
      for _ in 0..<200 where machine.phase != .finished {
        now += Int64(random.next() % 5)
        let events = ExchangeStateMachineTests.moves.filter { $0.from == machine.phase }.map(
          \.event
        )
        .filter { !$0.isRare }
        .filter { $0 != .bodyForwarded || !machine.requestIsComplete }
        .filter { $0 != .climbed || machine.isReplayable && climbs < 3 }
        let event: ExchangeEvent =
          events.isEmpty || random.next() % 40 == 0
          ? .finished : events[Int(random.next() % UInt64(events.count))]
        if event == .climbed { climbs += 1 }
        let attemptsBefore = machine.attempts
        let action = machine.meet(event, at: now)
        if hasAnswered {
          #expect(machine.attempts == attemptsBefore && action != .failure(.answerError))
        }
        if machine.answerHasBegun { hasAnswered = true }
      }
      machine.finished(at: now)
      answered += hasAnswered ? 1 : 0
      // Each credential has a first attempt, one after a 401, and one after a broken connection.
      #expect(machine.attempts <= 3 * (1 + climbs))
      // Three nanoseconds of waiting come from outside: ``ExchangeStateMachine/meet(_:at:)``.
      #expect(machine.tokenWait + machine.queueWait <= now + 3)
    }
    #expect(answered > 1000)
  }
}
