import HTTPMessages
import Testing

@testable import Forwarding

/// An event with its arguments, as the relay reports it.
enum ExchangeEvent: CaseIterable {
  case queued, admitted, credentialMissing, credentialFound, bodyCollected, connectionQueued
  case connecting, connectFailed
  case connectionReady, connectionReadyWithoutCredential, bodyForwarded, interimAnswer
  case answerReceived, answerSent
  case upstreamFailed, credentialRefused, climbed, failed, finished
  case answerTaken, fetchEnded, fetchBegins, partSent, asks, answerGivenBack
  case resent, answeredWhileResending
  case rehearsalBegins, bodyDropped, countBegins, ownCallFollows

  /// Whether only exchanges with many fetches have it, or exchanges that are not sent.
  var isRare: Bool {
    switch self {
    case .answerTaken, .fetchEnded, .fetchBegins, .partSent, .asks, .answerGivenBack, .resent,
      .answeredWhileResending, .rehearsalBegins, .bodyDropped, .countBegins, .ownCallFollows:
      true
    default: false
    }
  }
}

/// The reaction to an event.
enum ExchangeReaction: Equatable {
  /// The event is only a report.
  case nothing
  case next(ExchangeStateMachine.Action)
  case failure(ExchangeStateMachine.FailureAction)
  case interim(ExchangeStateMachine.InterimAction)
  case answer(ExchangeStateMachine.AnswerAction)
}

extension ExchangeStateMachine {
  typealias Event = ExchangeEvent

  /// A machine in `phase`, reached as by an exchange, entirely at 0 nanoseconds.
  static func inPhase(_ phase: Phase, hasBody: Bool = false, method: HTTPMethod = .get) -> Self {
    var machine = ExchangeStateMachine()
    machine.opened(method: method, isHTTP10: false, hasBody: hasBody, keepsCaller: true)
    switch phase {
    case .planning: break
    case .awaitingQuota: machine.queued(at: 0)
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
    case .readingAnswer:
      machine = .inPhase(.forwarding, method: method)
      machine.answerTaken()
    case .betweenFetches:
      machine = .inPhase(.readingAnswer, method: method)
      machine.fetchEnded(at: 0)
    case .resending:
      machine = .inPhase(.forwarding, hasBody: true, method: method)
      machine.bodyForwarded(isComplete: false, isKept: true)
      _ = machine.credentialRefused(mayHelp: true, at: 0)
      _ = machine.credentialFound(at: 0)
      _ = machine.connectionReady(hasCredential: true, at: 0)
    case .finished: machine.finished(at: 0)
    }
    return machine
  }

  /// Applies `event` at `now`.
  @discardableResult
  mutating func meet(_ event: Event, at now: Int64 = 7) -> ExchangeReaction {
    switch event {
    case .queued: queued(at: now)
    case .admitted: return .next(admitted(waited: 3, at: now))
    case .credentialMissing: return .next(credentialMissing())
    case .credentialFound: return .next(credentialFound(at: now))
    case .bodyCollected: return .next(bodyCollected(isComplete: true))
    case .connectionQueued: connectionQueued(at: now)
    case .connecting: connecting(at: now)
    case .connectFailed: return .failure(connectFailed(mayTryNext: true, addressCount: 2))
    case .connectionReady: return .next(connectionReady(hasCredential: true, at: now))
    case .connectionReadyWithoutCredential:
      return .next(connectionReady(hasCredential: false, at: now))
    case .bodyForwarded: bodyForwarded(isComplete: true)
    case .interimAnswer: return .interim(interimAnswerReceived(status: 103))
    case .answerReceived: return .answer(answerReceived(status: 200, endsCaller: false))
    case .answerSent: answerSent()
    case .upstreamFailed:
      return .failure(
        upstreamFailed(
          UpstreamFailure(wasReused: true, wroteBytes: true, receivedBytes: false, mayRetry: true)))
    case .credentialRefused: return .failure(credentialRefused(mayHelp: true, at: now))
    case .climbed: return .next(climbed(at: now))
    case .failed: return .failure(failed())
    case .finished: finished(at: now)
    case .answerTaken: answerTaken()
    case .fetchEnded: fetchEnded(at: now)
    case .fetchBegins: fetchBegins()
    case .partSent: partSent()
    case .asks: asks(.get)
    case .answerGivenBack: answerGivenBack()
    case .resent: resent()
    case .answeredWhileResending: answeredWhileResending()
    case .rehearsalBegins: rehearsalBegins()
    case .bodyDropped: bodyDropped()
    case .countBegins: countBegins()
    case .ownCallFollows: ownCallFollows(.get, hasBody: false)
    }
    return .nothing
  }
}

@Suite("What an exchange does next")
struct ExchangeStateMachineTests {
  typealias Machine = ExchangeStateMachine

  struct Move {
    let from: Machine.Phase
    let event: ExchangeEvent
    let reaction: ExchangeReaction
    let to: Machine.Phase

    init(
      _ from: Machine.Phase, _ event: ExchangeEvent, _ reaction: ExchangeReaction,
      _ to: Machine.Phase
    ) {
      self.from = from
      self.event = event
      self.reaction = reaction
      self.to = to
    }
  }

  /// Every possible pair, for a GET over a connection that was used before.
  static let moves: [Move] = [
    Move(.planning, .rehearsalBegins, .nothing, .collectingBody),
    Move(.planning, .countBegins, .nothing, .planning),
    Move(.planning, .ownCallFollows, .nothing, .planning),
    Move(.awaitingQuota, .ownCallFollows, .nothing, .awaitingQuota),
    Move(.awaitingToken, .ownCallFollows, .nothing, .awaitingToken),
    Move(.awaitingConnection, .ownCallFollows, .nothing, .awaitingConnection),
    Move(.forwarding, .ownCallFollows, .nothing, .forwarding),
    Move(.readingAnswer, .ownCallFollows, .nothing, .readingAnswer),
    Move(.betweenFetches, .ownCallFollows, .nothing, .betweenFetches),
    Move(.planning, .queued, .nothing, .awaitingQuota),
    Move(.planning, .admitted, .next(.requireCredential), .awaitingToken),
    Move(.awaitingQuota, .admitted, .next(.requireCredential), .awaitingToken),
    Move(.awaitingToken, .credentialMissing, .next(.waitForToken), .awaitingToken),
    Move(.awaitingToken, .credentialFound, .next(.takeConnection), .awaitingConnection),
    Move(.awaitingToken, .climbed, .next(.requireCredential), .awaitingToken),
    Move(.collectingBody, .bodyCollected, .next(.takeConnection), .awaitingConnection),
    Move(.awaitingConnection, .connectionQueued, .nothing, .awaitingConnection),
    Move(.awaitingConnection, .connecting, .nothing, .awaitingConnection),
    Move(
      .awaitingConnection, .connectFailed, .failure(.tryAgain(.connect)), .awaitingConnection),
    Move(.awaitingConnection, .connectionReady, .next(.sendRequest), .forwarding),
    Move(
      .awaitingConnection, .connectionReadyWithoutCredential, .next(.requireCredential),
      .awaitingToken),
    Move(.forwarding, .bodyForwarded, .nothing, .forwarding),
    Move(.forwarding, .interimAnswer, .interim(.passOn), .forwarding),
    Move(.forwarding, .answerReceived, .answer(.relay), .forwarding),
    Move(.forwarding, .answerSent, .nothing, .answering),
    Move(
      .forwarding, .upstreamFailed, .failure(.tryAgain(.connectAfresh)), .awaitingConnection),
    Move(.forwarding, .credentialRefused, .failure(.tryAgain(.waitForToken)), .awaitingToken),
    Move(.forwarding, .climbed, .next(.requireCredential), .awaitingToken),
    Move(.answering, .bodyForwarded, .nothing, .answering),
    Move(.answering, .answerSent, .nothing, .answering),
    Move(.answering, .upstreamFailed, .failure(.abortCaller), .answering),
    Move(.answering, .failed, .failure(.abortCaller), .answering),
    Move(.forwarding, .answerTaken, .nothing, .readingAnswer),
    Move(.readingAnswer, .upstreamFailed, .failure(.answerError), .readingAnswer),
    Move(.readingAnswer, .fetchEnded, .nothing, .betweenFetches),
    Move(.awaitingQuota, .fetchEnded, .nothing, .betweenFetches),
    Move(.awaitingToken, .fetchEnded, .nothing, .betweenFetches),
    Move(.awaitingConnection, .fetchEnded, .nothing, .betweenFetches),
    Move(.forwarding, .fetchEnded, .nothing, .betweenFetches),
    Move(.resending, .resent, .nothing, .forwarding),
    Move(.resending, .answeredWhileResending, .nothing, .forwarding),
    Move(.resending, .upstreamFailed, .failure(.answerError), .resending),
    Move(.betweenFetches, .fetchEnded, .nothing, .betweenFetches),
    Move(.betweenFetches, .partSent, .nothing, .betweenFetches),
    Move(.betweenFetches, .asks, .nothing, .betweenFetches),
    Move(.finished, .asks, .nothing, .finished),
    Move(.readingAnswer, .answerGivenBack, .nothing, .forwarding),
    Move(.betweenFetches, .fetchBegins, .nothing, .betweenFetches),
    Move(.betweenFetches, .queued, .nothing, .awaitingQuota),
    Move(.betweenFetches, .admitted, .next(.requireCredential), .awaitingToken),
  ]

  @Test("every event that a state can meet leads where it should", arguments: moves.indices)
  func legal(index: Int) {
    let move = ExchangeStateMachineTests.moves[index]
    var machine = Machine.inPhase(move.from)
    #expect(machine.phase == move.from)
    #expect(machine.meet(move.event) == move.reaction)
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
      let pair =
        UInt16(phase.rawValue) &* 32 &+ UInt16(ExchangeEvent.allCases.firstIndex(of: event) ?? 0)
      await #expect(processExitsWith: .failure) { [pair = pair as UInt16] in
        guard let phase = Machine.Phase(rawValue: UInt8(pair / 32)) else { return }
        var machine = Machine.inPhase(phase)
        machine.meet(ExchangeEvent.allCases[Int(pair % 32)])
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

  @Test("of a request that is not sent the whole body is waited for, and none of it is kept")
  func rehearsals() {
    var machine = Machine.inPhase(.planning, hasBody: true, method: .post)
    machine.rehearsalBegins()
    #expect(machine.wantsBody && machine.dropsBody && machine.needsRest)
    #expect(machine.callerPatience() == .idle && machine.callerIsLate() == .callerIsSlow)
    machine.bodyDropped()
    #expect(!machine.wantsBody && !machine.needsRest && machine.requestIsComplete)
    machine.answersItself(endsCaller: false)
    #expect(machine.keepsCaller == true)
    var early = Machine.inPhase(.planning, hasBody: true, method: .post)
    early.rehearsalBegins()
    early.answersItself(endsCaller: false)
    #expect(early.keepsCaller == false, "the rest of the body is not read")
    var refused = Machine.inPhase(.forwarding, hasBody: true, method: .post)
    _ = refused.answerReceived(status: 413, endsCaller: false)
    #expect(refused.dropsBody && !refused.needsRest)
  }

  @Test("of a call that records are counted for, the body is read when that is over")
  func counts() {
    var machine = Machine.inPhase(.planning, hasBody: true, method: .put)
    machine.countBegins()
    _ = machine.admitted(waited: 0, at: 0)
    #expect(machine.credentialFound(at: 0) == .takeConnection && !machine.wantsBody)
    #expect(machine.connectionReady(hasCredential: true, at: 0) == .sendRequest)
    #expect(machine.method == .get && machine.isReplayable)
    machine.answerTaken()
    machine.fetchEnded(at: 0)
    machine.ownCallFollows(.put, hasBody: true)
    machine.fetchBegins()
    _ = machine.admitted(waited: 0, at: 0)
    #expect(machine.credentialFound(at: 0) == .collectBody && machine.wantsBody)
    #expect(machine.method == .put)
    // If the count is refused, the unread body ends the caller's connection.
    var refused = Machine.inPhase(.planning, hasBody: true, method: .put)
    refused.countBegins()
    refused.ownCallFollows(.put, hasBody: true)
    refused.answersItself(endsCaller: false)
    #expect(refused.keepsCaller == false)
  }

  @Test("a body that was collected whole can be sent again; one that was streamed cannot")
  func replays() {
    var whole = Machine.inPhase(.collectingBody)
    _ = whole.bodyCollected(isComplete: true)
    _ = whole.connectionReady(hasCredential: true, at: 0)
    #expect(whole.isReplayable == true)
    #expect(whole.credentialRefused(mayHelp: true, at: 0) == .tryAgain(.waitForToken))
    var streamed = Machine.inPhase(.forwarding, hasBody: true)
    streamed.bodyForwarded(isComplete: true)
    #expect(streamed.credentialRefused(mayHelp: true, at: 0) == .answerError)
  }

  @Test("a body that streamed and was kept is sent again, and its caller sends on after that")
  func keptBodies() {
    var machine = Machine.inPhase(.forwarding, hasBody: true, method: .post)
    machine.bodyForwarded(isComplete: false, isKept: true)
    #expect(machine.isReplayable == true)
    #expect(machine.meet(.upstreamFailed) == .failure(.tryAgain(.connectAfresh)))
    #expect(machine.wantsBody == false)
    #expect(machine.connectionReady(hasCredential: true, at: 0) == .resendRequest)
    #expect(machine.wantsBody == false)
    machine.resent()
    #expect(machine.wantsBody == true)
    machine.bodyForwarded(isComplete: true, isKept: true)
    #expect(machine.isReplayable == true)
    #expect(machine.meet(.upstreamFailed) == .failure(.answerError), "once more, not twice")
  }

  @Test("a POST of which all was sent is not repeated by a lost connection: it may have worked")
  func wholeUploads() {
    var machine = Machine.inPhase(.forwarding, hasBody: true, method: .post)
    machine.bodyForwarded(isComplete: true, isKept: true)
    #expect(machine.meet(.upstreamFailed) == .failure(.answerError))
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .tryAgain(.waitForToken))
  }

  @Test("a body whose keeping has ended is not sent again")
  func unkeptBodies() {
    var machine = Machine.inPhase(.forwarding, hasBody: true, method: .post)
    machine.bodyForwarded(isComplete: false, isKept: true)
    machine.bodyForwarded(isComplete: false, isKept: false)
    machine.bodyForwarded(isComplete: true, isKept: true)
    #expect(machine.isReplayable == false)
    #expect(machine.meet(.upstreamFailed) == .failure(.answerError))
  }

  @Test("an upstream that answers before it has got all that was kept gets no more")
  func earlyWhileResending() {
    var machine = Machine.inPhase(.resending, hasBody: true, method: .post)
    machine.answeredWhileResending()
    #expect(machine.answerReceived(status: 413, endsCaller: false) == .relayAndDropRest)
    #expect(machine.keepsCaller == false && machine.isReplayable == false)
  }

  @Test("a refused credential leads to one further try, and each rung has one of its own")
  func refusals() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.credentialRefused(mayHelp: false, at: 0) == .answerError)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .tryAgain(.waitForToken))
    #expect(machine.hasToProve && machine.wasRefused)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .answerError)
    #expect(machine.climbed(at: 0) == .requireCredential)
    #expect(machine.hasClimbed && !machine.wasRefused)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.attempts == 3)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .tryAgain(.waitForToken))
  }

  @Test("attempts that were answered do not count against the retry of a broken connection")
  func answeredAttempts() {
    var machine = Machine.inPhase(.forwarding)
    _ = machine.climbed(at: 0)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.attempts == 2)
    #expect(machine.meet(.upstreamFailed) == .failure(.tryAgain(.connectAfresh)))
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.meet(.upstreamFailed) == .failure(.answerError))
  }

  @Test("a POST is made again only when its connection took no byte of it")
  func untakenPost() {
    for wrote in [true, false] {
      var machine = Machine.inPhase(.forwarding, method: .post)
      let failure = UpstreamFailure(
        wasReused: true, wroteBytes: wrote, receivedBytes: false, mayRetry: true)
      #expect(machine.upstreamFailed(failure) == (wrote ? .answerError : .tryAgain(.connectAfresh)))
    }
  }

  @Test("an upstream that has sent an interim answer has seen the request, so it is not made again")
  func seen() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 100) == .drop)
    #expect(machine.meet(.upstreamFailed) == .failure(.answerError))
  }

  @Test("each fetch of many has its own attempts, refusals and hints; the caller sees the first's")
  func manyFetches() {
    var machine = Machine.inPhase(.forwarding)
    _ = machine.credentialRefused(mayHelp: true, at: 0)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    for _ in 0..<Machine.interimLimit { _ = machine.interimAnswerReceived(status: 103) }
    machine.answerTaken()
    machine.fetchEnded(at: 0)
    machine.partSent()
    machine.fetchBegins()
    _ = machine.admitted(waited: 0, at: 0)
    #expect(machine.isWaiting == false, "its caller has seen a part of the answer")
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.interimAnswerReceived(status: 103) == .drop)
    #expect(machine.credentialRefused(mayHelp: true, at: 0) == .tryAgain(.waitForToken))
  }

  @Test("a wait for a fetch that does not come about is counted")
  func waitsForFetches() {
    var machine = Machine.inPhase(.betweenFetches)
    machine.queued(at: 10)
    machine.fetchEnded(at: 15)
    _ = machine.admitted(waited: 0, at: 20)
    machine.fetchEnded(at: 27)
    machine.finished(at: 100)
    #expect(machine.queueWait == 5 && machine.tokenWait == 7)
  }

  @Test("the wait for a token is not counted as a wait in a queue, and the other way round")
  func waits() {
    var machine = Machine.inPhase(.planning)
    _ = machine.admitted(waited: 5, at: 10)
    _ = machine.credentialMissing()
    _ = machine.credentialFound(at: 30)
    machine.connectionQueued(at: 30)
    machine.connectionQueued(at: 40)
    // The token has ended in the queue: 100 in the queue, then 1,000 for the next token.
    #expect(machine.connectionReady(hasCredential: false, at: 130) == .requireCredential)
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
    var limit = Machine.inPhase(.awaitingQuota)
    limit.finished(at: 9)
    #expect(limit.tokenWait == 0 && limit.queueWait == 9)
    var connecting = Machine.inPhase(.awaitingConnection)
    connecting.finished(at: 12)
    #expect(connecting.queueWait == 0)
  }

  @Test("interim answers are passed on, up to a bound, but 100, which is ours, and 101, refused")
  func interim() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 100) == .drop)
    for _ in 1..<Machine.interimLimit {
      #expect(machine.interimAnswerReceived(status: 103) == .passOn)
    }
    #expect(machine.interimAnswerReceived(status: 103) == .refuse)
    var other = Machine.inPhase(.forwarding)
    #expect(other.interimAnswerReceived(status: 101) == .refuse)
  }

  @Test("hints are not repeated when the request is made again, and not sent to HTTP/1.0")
  func hints() {
    var machine = Machine.inPhase(.forwarding)
    #expect(machine.interimAnswerReceived(status: 103) == .passOn)
    _ = machine.credentialRefused(mayHelp: true, at: 0)
    _ = machine.credentialFound(at: 0)
    _ = machine.connectionReady(hasCredential: true, at: 0)
    #expect(machine.interimAnswerReceived(status: 103) == .drop)
    var old = Machine()
    old.opened(method: .get, isHTTP10: true, hasBody: false, keepsCaller: true)
    _ = old.admitted(waited: 0, at: 0)
    _ = old.credentialFound(at: 0)
    _ = old.connectionReady(hasCredential: true, at: 0)
    #expect(old.interimAnswerReceived(status: 103) == .drop)
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
    #expect(Machine.inPhase(.readingAnswer).logPhase == .responseBody)
    #expect(Machine.inPhase(.betweenFetches).logPhase == .responseBody)
    #expect(Machine.inPhase(.resending).logPhase == .requestBody)
  }

  @Test("addresses are tried one after the other, three at most, and all of them are one attempt")
  func addresses() {
    var machine = Machine.inPhase(.awaitingConnection)
    machine.connecting(at: 10)
    #expect(machine.connectFailed(mayTryNext: true, addressCount: 9) == .tryAgain(.connect))
    machine.connecting(at: 20)
    #expect(machine.connectFailed(mayTryNext: true, addressCount: 9) == .tryAgain(.connect))
    #expect(machine.connectFailed(mayTryNext: true, addressCount: 9) == .answerError)
    #expect(machine.attemptStarted == 10)
    var only = Machine.inPhase(.awaitingConnection)
    #expect(only.connectFailed(mayTryNext: true, addressCount: 1) == .answerError)
    var untrusted = Machine.inPhase(.awaitingConnection)
    #expect(untrusted.connectFailed(mayTryNext: false, addressCount: 9) == .answerError)
  }

  @Test("an early answer ends the caller's connection; an early refusal drops the rest of the body")
  func earlyAnswers() {
    var early = Machine.inPhase(.forwarding, hasBody: true)
    #expect(early.answerReceived(status: 200, endsCaller: false) == .relayWhileReading)
    #expect(!early.keepsCaller && !early.dropsBody)
    var refused = Machine.inPhase(.forwarding, hasBody: true)
    #expect(refused.answerReceived(status: 413, endsCaller: false) == .relayAndDropRest)
    #expect(!refused.keepsCaller && refused.dropsBody)
    var whole = Machine.inPhase(.forwarding)
    #expect(whole.answerReceived(status: 413, endsCaller: false) == .relay)
    #expect(whole.keepsCaller && !whole.dropsBody)
    #expect(whole.answerReceived(status: 200, endsCaller: true) == .relay)
    #expect(whole.keepsCaller == false)
  }

  @Test("the gateway's own answer keeps the caller's connection, unless a body was not read")
  func ownAnswers() {
    var whole = Machine.inPhase(.awaitingToken)
    whole.answersItself(endsCaller: false)
    #expect(whole.keepsCaller == true)
    whole.answersItself(endsCaller: true)
    #expect(whole.keepsCaller == false)
    var cut = Machine.inPhase(.awaitingToken, hasBody: true)
    cut.answersItself(endsCaller: false)
    #expect(cut.keepsCaller == false)
  }

  @Test("a caller's deadline means something else in each state", arguments: Machine.Phase.allCases)
  func lateCallers(phase: Machine.Phase) {
    let expected: Machine.CallerLateness =
      switch phase {
      case .awaitingQuota: .wait
      case .awaitingToken: .tokenTimedOut
      case .awaitingConnection: .connectionTimedOut
      default: .callerIsSlow
      }
    #expect(Machine.inPhase(phase).callerIsLate() == expected)
  }

  @Test("an upstream that takes more of the request gets more time")
  func lateUpstreams() {
    let connecting = Machine.inPhase(.awaitingConnection)
    #expect(connecting.upstreamIsLate(takesMore: false, hasAll: true) == .connectTimedOut)
    let sending = Machine.inPhase(.forwarding, hasBody: true)
    #expect(sending.upstreamIsLate(takesMore: true, hasAll: false) == .extend)
    #expect(sending.upstreamIsLate(takesMore: false, hasAll: false) == .answerTimedOut)
    #expect(sending.upstreamIsLate(takesMore: false, hasAll: true) == .callerIsSlow)
    let sent = Machine.inPhase(.forwarding)
    #expect(sent.upstreamIsLate(takesMore: false, hasAll: true) == .answerTimedOut)
    let answering = Machine.inPhase(.answering)
    #expect(answering.upstreamIsLate(takesMore: true, hasAll: false) == .answerTimedOut)
  }

  @Test("each state grants caller and upstream its own time", arguments: Machine.Phase.allCases)
  func patience(phase: Machine.Phase) {
    let (caller, upstream): (Patience, Patience) =
      switch phase {
      case .planning, .awaitingQuota, .betweenFetches, .finished: (.unlimited, .unlimited)
      case .awaitingToken: (.token, .unlimited)
      case .collectingBody: (.idle, .unlimited)
      case .awaitingConnection: (.unlimited, .connection)
      case .forwarding: (.unlimited, .response)
      case .answering, .readingAnswer, .resending: (.unlimited, .idle)
      }
    let machine = Machine.inPhase(phase)
    #expect(machine.callerPatience() == caller)
    #expect(machine.upstreamPatience() == upstream)
  }

  @Test("whichever side keeps the other waiting has the deadline")
  func patienceOfBodies() {
    var queued = Machine.inPhase(.awaitingConnection)
    queued.connectionQueued(at: 1)
    #expect(queued.callerPatience() == .connection)
    let sending = Machine.inPhase(.forwarding, hasBody: true)
    #expect(sending.callerPatience() == .idle && sending.upstreamPatience() == .idle)
    #expect(sending.callerPatience(upstreamIsBehind: true) == .unlimited)
    #expect(Machine.inPhase(.betweenFetches).callerPatience(isBehind: true) == .idle)
    let answering = Machine.inPhase(.answering)
    #expect(answering.callerPatience(isBehind: true) == .idle)
    #expect(answering.upstreamPatience(callerIsBehind: true) == .unlimited)
  }
}
