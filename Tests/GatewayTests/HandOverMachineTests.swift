import Gateway
import Testing

/// The decisions of a hand-over: sequences of events with the expected actions.
@Suite struct HandOverMachineTests {
  private typealias Machine = HandOverMachine
  private static let second: Int64 = 1_000_000_000

  /// A machine after these events.
  private func machine(_ events: [Machine.Event]) -> Machine {
    var machine = Machine()
    for event in events { _ = machine.handle(event, at: 0) }
    return machine
  }

  private static let steps: [Machine.Event] = [.asked, .ready, .loopsAreHeld, .prepared]

  @Test("Step by step: started, held, told, given")
  func steps() {
    var machine = Machine()
    #expect(!machine.isUnderWay && machine.deadline == .max)
    let expected: [[Machine.Action]] = [[.start], [.hold], [.tellState], [.give]]
    for (event, actions) in zip(Self.steps, expected) {
      #expect(machine.handle(event, at: 0) == actions)
    }
    #expect(machine.state == .given && machine.deadline == .max)
  }

  @Test("Whatever fails before the end leaves everything as it was; loops that are held go on")
  func failures() {
    for count in 1...3 {
      let begun = machine(Array(Self.steps.prefix(count)))
      let resumes: [Machine.Action] = count > 1 ? [.resume] : []
      var gone = begun
      #expect(
        gone.handle(.gone("it ended with 3"), at: 1) == resumes + [.report("it ended with 3")])
      #expect(gone == Machine())
      var mute = begun
      #expect(mute.handle(.notStarted("no"), at: 1) == [.kill] + resumes + [.report("no")])
      #expect(mute == Machine())
      var ending = begun
      #expect(
        ending.handle(.endAsked, at: 1) == [.kill] + resumes + [
          .report("this process is shutting down")
        ])
      #expect(ending == Machine())
    }
  }

  @Test("Each step has its time, after which the new process is ended", arguments: 1...3)
  func times(count: Int) {
    var machine = machine(Array(Self.steps.prefix(count)))
    let deadline = machine.deadline
    #expect(deadline == (count == 1 ? Machine.startPatience : Machine.holdPatience))
    #expect(machine.handle(.timePassed, at: deadline - 1) == [])
    let actions = machine.handle(.timePassed, at: deadline)
    #expect(actions.first == .kill && machine == Machine())
    #expect(actions.contains(.resume) == (count > 1))
  }

  @Test("Asked again meanwhile or afterwards, it refuses and goes on as before")
  func again() {
    for count in 1...4 {
      var machine = machine(Array(Self.steps.prefix(count)))
      let before = machine
      guard case .refuse? = machine.handle(.asked, at: 1).first else {
        Issue.record("not refused after \(count) steps")
        continue
      }
      #expect(machine == before)
    }
  }

  @Test("What a process says out of turn changes nothing")
  func outOfTurn() {
    let early: [(Int, [Machine.Event])] = [
      (0, [.ready, .loopsAreHeld, .prepared, .gone(""), .notStarted(""), .timePassed, .endAsked]),
      (1, [.loopsAreHeld, .prepared]), (2, [.ready, .prepared]), (3, [.ready, .loopsAreHeld]),
      (4, [.ready, .prepared, .loopsAreHeld, .gone(""), .timePassed, .endAsked]),
    ]
    for (count, events) in early {
      for event in events {
        var machine = machine(Array(Self.steps.prefix(count)))
        let before = machine
        #expect(machine.handle(event, at: 1) == [], "\(event) after \(count) steps")
        #expect(machine == before)
      }
    }
  }
}
