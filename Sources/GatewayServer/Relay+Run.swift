internal import EventLoop
internal import Forwarding
internal import Memory

/// What an exchange does next: one action of its state machine after the other.
///
/// No step calls this. A step does one action and returns the next. What an event means for another exchange, or for a
/// caller's next bytes, is noted, and done when the event is over (``settle(on:)``).
extension Relay {
  /// Does what the exchange's state machine says until it waits for an event, or has ended.
  mutating func run(
    _ first: ExchangeStateMachine.Action, of id: SlabHandle, on loop: inout EventLoop
  ) {
    var action = first
    while true {
      switch action {
      case .wait: return
      case .requireCredential: action = requireCredential(id, on: &loop)
      case .waitForToken: action = waitForToken(id, on: &loop)
      case .collectBody: action = collectBody(id, on: &loop)
      case .takeConnection: action = takeConnection(id, on: &loop)
      case .connect: action = connect(id, on: &loop)
      case .connectAfresh: action = connectAfresh(id, on: &loop)
      case .sendRequest: action = sendRequest(id, on: &loop)
      case .resendRequest: action = resendRequest(id, on: &loop)
      }
    }
  }
}
