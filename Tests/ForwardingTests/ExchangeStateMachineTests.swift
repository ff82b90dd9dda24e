import HTTPMessages
import Testing

@testable import Forwarding

/// An event with its arguments, as the shell would bring it.
enum ExchangeEvent: CaseIterable {
  case queued, admitted, credentialMissing, credentialFound, bodyCollected, connectionQueued
  case connectionReady, connectionReadyWithoutCredential, bodyForwarded, interimAnswer, answerSent
  case upstreamFailed, credentialRefused, climbed, failed, finished
}

extension ExchangeStateMachine {
  typealias Event = ExchangeEvent

  /// A machine in `phase`, reached as an exchange reaches it, all of it at 0 nanoseconds.
  static func inPhase(_ phase: Phase, hasBody: Bool = false, method: HTTPMethod = .get) -> Self {
    var machine = ExchangeStateMachine()
    machine.opened(method: method, isHTTP10: false, hasBody: hasBody)
    switch phase {
    case .planning: break
    case .awaitingQuota: machine.queued()
    case .awaitingToken: _ = machine.admitted(waited: 0, at: 0)
    case .collectingBody:
      machine = .inPhase(.awaitingToken, hasBody: true, method: method)
      _ = machine.credentialFound(at: 0)
    case .awaitingConnection where hasBody:
      machine = .inPhase(.collectingBody, method: method)
      _ = machine.bodyCollected(isComplete: false)
    case .awaitingConnection:
      machine = .inPhase(.awaitingToken, method: method)
      _ = machine.credentialFound(at: 0)
    case .forwarding:
      machine = .inPhase(.awaitingConnection, hasBody: hasBody, method: method)
      _ = machine.connectionReady(hasCredential: true, at: 0)
    case .answering:
      machine = .inPhase(.forwarding, hasBody: hasBody, method: method)
      machine.answerSent()
    case .finished: machine.finished(at: 0)
    }
    return machine
  }

  /// Meets `event` at `now`. Events that ask for nothing say so.
  mutating func meet(_ event: Event, at now: Int64 = 7) -> Action {
    switch event {
    case .queued: queued()
    case .admitted: return admitted(waited: 3, at: now)
    case .credentialMissing: return credentialMissing()
    case .credentialFound: return credentialFound(at: now)
    case .bodyCollected: return bodyCollected(isComplete: true)
    case .connectionQueued: connectionQueued(at: now)
    case .connectionReady: return connectionReady(hasCredential: true, at: now)
    case .connectionReadyWithoutCredential: return connectionReady(hasCredential: false, at: now)
    case .bodyForwarded: bodyForwarded(isComplete: true)
    case .interimAnswer: return interimAnswerReceived(status: 103)
    case .answerSent: answerSent()
    case .upstreamFailed:
      return upstreamFailed(
        UpstreamFailure(wasReused: true, wroteBytes: true, receivedBytes: false, mayRetry: true))
    case .credentialRefused: return credentialRefused(mayHelp: true, at: now)
    case .climbed: return climbed(at: now)
    case .failed: return failed()
    case .finished: finished(at: now)
    }
    return .wait
  }
}

@Suite("What an exchange does next")
struct ExchangeStateMachineTests {
  typealias Machine = ExchangeStateMachine

  struct Move {
    let from: Machine.Phase
    let event: ExchangeEvent
    let action: Machine.Action
    let to: Machine.Phase

    init(
      _ from: Machine.Phase, _ event: ExchangeEvent, _ action: Machine.Action, _ to: Machine.Phase
    ) {
      self.from = from
      self.event = event
      self.action = action
      self.to = to
    }
  }

  /// Every pair that there is, of a GET over a connection that was used before.
  static let moves: [Move] = [
    Move(.planning, .queued, .wait, .awaitingQuota),
    Move(.planning, .admitted, .findCredential, .awaitingToken),
    Move(.awaitingQuota, .admitted, .findCredential, .awaitingToken),
    Move(.awaitingToken, .credentialMissing, .waitForToken, .awaitingToken),
    Move(.awaitingToken, .credentialFound, .takeConnection, .awaitingConnection),
    Move(.awaitingToken, .climbed, .findCredential, .awaitingToken),
    Move(.collectingBody, .bodyCollected, .takeConnection, .awaitingConnection),
    Move(.awaitingConnection, .connectionQueued, .wait, .awaitingConnection),
    Move(.awaitingConnection, .connectionReady, .sendRequest, .forwarding),
    Move(
      .awaitingConnection, .connectionReadyWithoutCredential, .findCredential, .awaitingToken),
    Move(.forwarding, .bodyForwarded, .wait, .forwarding),
    Move(.forwarding, .interimAnswer, .passOn, .forwarding),
    Move(.forwarding, .answerSent, .wait, .answering),
    Move(.forwarding, .upstreamFailed, .retry, .awaitingConnection),
    Move(.forwarding, .credentialRefused, .waitForToken, .awaitingToken),
    Move(.forwarding, .climbed, .findCredential, .awaitingToken),
    Move(.answering, .bodyForwarded, .wait, .answering),
    Move(.answering, .answerSent, .wait, .answering),
    Move(.answering, .upstreamFailed, .abortCaller, .answering),
    Move(.answering, .failed, .abortCaller, .answering),
  ]

  @Test("every event that a state can meet leads where it should", arguments: moves.indices)
  func legal(index: Int) {
    let move = ExchangeStateMachineTests.moves[index]
    var machine = Machine.inPhase(move.from)
    #expect(machine.phase == move.from)
    #expect(machine.meet(move.event) == move.action)
    #expect(machine.phase == move.to)
  }

  @Test("an exchange can fail and end in every state", arguments: Machine.Phase.allCases)
  func ends(phase: Machine.Phase) {
    var machine = Machine.inPhase(phase)
    #expect(machine.failed() == (phase == .answering ? .abortCaller : .answerError))
    #expect(machine.phase == phase)
    machine.finished(at: 9)
    #expect(machine.phase == .finished)
  }

  @Test("every other event is a mistake, and traps", arguments: Machine.Phase.allCases)
  func illegal(phase: Machine.Phase) async {
    for event in ExchangeEvent.allCases where event != .failed && event != .finished {
      let isLegal = ExchangeStateMachineTests.moves.contains {
        $0.from == phase && $0.event == event
      }
      if isLegal { continue }
      let pair = phase.rawValue &* 32 &+ UInt8(ExchangeEvent.allCases.firstIndex(of: event) ?? 0)
      await #expect(processExitsWith: .failure) { [pair = pair as UInt8] in
        guard let phase = Machine.Phase(rawValue: pair / 32) else { return }
        var machine = Machine.inPhase(phase)
        _ = machine.meet(ExchangeEvent.allCases[Int(pair % 32)])
      }
    }
  }

  @Test("with a body it collects before it takes a connection, and streams what is left")
  func bodies() {
    var machine = Machine.inPhase(.awaitingToken, hasBody: true)
    #expect(machine.wantsBody == false)
    #expect(machine.credentialFound(at: 0) == .collectBody)
    #expect(machine.wantsBody == true)
    #expect(machine.bodyCollected(isComplete: false) == .takeConnection)
    #expect(machine.wantsBody == false)
    #expect(machine.connectionReady(hasCredential: true, at: 0) == .sendRequest)
    #expect(machine.wantsBody && !machine.isReplayable)
    machine.bodyForwarded(isComplete: false)
    machine.answerSent()
    #expect(machine.wantsBody == true)
    machine.bodyForwarded(isComplete: true)
    #expect(!machine.wantsBody && !machine.isReplayable)
  }

  @Test("a body that was collected whole can be sent again; one that was streamed cannot")
  func replays() {
    var whole = Machine.inPhase(.collectingBody)
    _ = whole.bodyCollected(isComplete: true)
    _ = whole.connectionReady(hasCredential: true, at: 0)
    #expect(whole.isReplayable == true)
    #expect(whole.credentialRefused(mayHelp: true, at: 0) == .waitForToken)
    var streamed = Machine.inPhase(.forwarding, hasBody: true)
    streamed.bodyForwarded(isComplete: true)
    #expect(streamed.credentialRefused(mayHelp: true, at: 0) == .answerError)
  }

  @Test("a refused credential leads to one further try, and each rung has one of its own")
  func refusals() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.credentialRefused(mayHelp: false, at: 0) == .answerError)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .waitForToken)
    #expect(machine.hasToProve && machine.wasRefused)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .answerError)
    #expect(machine.climbed(at: 0) == .findCredential)
    #expect(machine.hasClimbed && !machine.wasRefused)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.attempts == 3)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .waitForToken)
  }

  @Test("attempts that were answered do not count against the retry of a broken connection")
  func answeredAttempts() {
    var machine = Machine.inPhase(.forwarding)
    _ = machine.climbed(at: 0)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.attempts == 2)
    #expect(machine.meet(.upstreamFailed) == .retry)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.meet(.upstreamFailed) == .answerError)
  }

  @Test("a POST is made again only when its connection took no byte of it")
  func untakenPost() {
    for wrote in [true, false] {
      var machine = Machine.inPhase(.forwarding, method: .post)
      let failure = UpstreamFailure(
        wasReused: true, wroteBytes: wrote, receivedBytes: false, mayRetry: true)
      #expect(machine.upstreamFailed(failure) == (wrote ? .answerError : .retry))
    }
  }

  @Test("an upstream that has sent an interim answer has seen the request, so it is not made again")
  func seen() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 100) == .dropAnswer)
    #expect(machine.meet(.upstreamFailed) == .answerError)
  }

  @Test("the wait for a token is not counted as a wait in a queue, and the other way round")
  func waits() {
    var machine = Machine.inPhase(.planning)
    _ = machine.admitted(waited: 5, at: 10)
    _ = machine.credentialMissing()
    _ = machine.credentialFound(at: 30)
    machine.connectionQueued(at: 30)
    machine.connectionQueued(at: 40)
    // The token has ended in the queue: 100 in it, then 1,000 for the next token.
    #expect(machine.connectionReady(hasCredential: false, at: 130) == .findCredential)
    _ = machine.credentialMissing()
    _ = machine.credentialFound(at: 1130)
    #expect(machine.connectionReady(hasCredential: true, at: 1140) == .sendRequest)
    machine.finished(at: 5000)
    #expect(machine.queueWait == 5 + 100)
    #expect(machine.tokenWait == 20 + 1000)
  }

  @Test("a wait that ends with the exchange is counted")
  func interruptedWaits() {
    var token = Machine.inPhase(.awaitingToken)
    token.finished(at: 12)
    #expect(token.tokenWait == 12 && token.queueWait == 0)
    var queue = Machine.inPhase(.awaitingConnection)
    queue.connectionQueued(at: 4)
    queue.finished(at: 12)
    #expect(queue.tokenWait == 0 && queue.queueWait == 8)
    var connecting = Machine.inPhase(.awaitingConnection)
    connecting.finished(at: 12)
    #expect(connecting.queueWait == 0)
  }

  @Test("interim answers are passed on, up to a bound, but 100, which is ours, and 101, refused")
  func interim() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 100) == .dropAnswer)
    for _ in 1..<Machine.interimLimit {
      #expect(machine.interimAnswerReceived(status: 103) == .passOn)
    }
    #expect(machine.interimAnswerReceived(status: 103) == .refuseAnswer)
    var other = Machine.inPhase(.forwarding)
    #expect(other.interimAnswerReceived(status: 101) == .refuseAnswer)
  }

  @Test("hints are not repeated when the request is made again, and not sent to HTTP/1.0")
  func hints() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 103) == .passOn)
    _ = machine.credentialRefused(mayHelp: true, at: 0)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.interimAnswerReceived(status: 103) == .dropAnswer)
    var old = Machine()
    old.opened(method: .get, isHTTP10: true, hasBody: false)
    _ = old.admitted(waited: 0, at: 0)
    _ = old.credentialFound(at: 0)
    _ = old.connectionReady(hasCredential: true, at: 0)
    #expect(old.interimAnswerReceived(status: 103) == .dropAnswer)
  }

  @Test("where an exchange ends is told by its state and by how much of the request is there")
  func phases() {
    #expect(Machine.inPhase(.planning).logPhase == .request)
    #expect(Machine.inPhase(.awaitingQuota).logPhase == .queue)
    #expect(Machine.inPhase(.awaitingToken).logPhase == .token)
    #expect(Machine.inPhase(.collectingBody).logPhase == .requestBody)
    #expect(Machine.inPhase(.awaitingConnection).logPhase == .connect)
    #expect(Machine.inPhase(.forwarding).logPhase == .responseHead)
    #expect(Machine.inPhase(.forwarding, hasBody: true).logPhase == .requestBody)
    #expect(Machine.inPhase(.answering).logPhase == .responseBody)
  }
}
