/// Who ended an exchange, and in which phase: what a traffic log is read for first (the idea is
/// HAProxy's). An exchange that ran to its end is ``completed``.
package struct Termination: Sendable, Equatable {
  package enum Party: UInt8, Sendable { case none, caller, upstream, gateway, limit }

  package enum Phase: UInt8, Sendable {
    case request, policy, queue, token, connect, requestBody, responseHead, responseBody
  }

  package let party: Party
  package let phase: Phase

  package init(_ party: Party, _ phase: Phase) {
    self.party = party
    self.phase = phase
  }

  /// Both sides finished as they should.
  package static let completed = Termination(.none, .responseBody)

  /// `completed`, or `caller/response-body` and the like.
  package var text: StaticString {
    switch (party, phase) {
    case (.none, _): "completed"
    case (.caller, .request): "caller/request"
    case (.caller, .policy): "caller/policy"
    case (.caller, .queue): "caller/queue"
    case (.caller, .token): "caller/token"
    case (.caller, .connect): "caller/connect"
    case (.caller, .requestBody): "caller/request-body"
    case (.caller, .responseHead): "caller/response-head"
    case (.caller, .responseBody): "caller/response-body"
    case (.upstream, .requestBody): "upstream/request-body"
    case (.upstream, .connect): "upstream/connect"
    case (.upstream, .responseHead): "upstream/response-head"
    case (.upstream, _): "upstream/response-body"
    case (.limit, _): "limit/queue"
    case (.gateway, .request): "gateway/request"
    case (.gateway, .policy): "gateway/policy"
    case (.gateway, .queue): "gateway/queue"
    case (.gateway, .token): "gateway/token"
    case (.gateway, .connect): "gateway/connect"
    case (.gateway, .requestBody): "gateway/request-body"
    case (.gateway, .responseHead): "gateway/response-head"
    case (.gateway, .responseBody): "gateway/response-body"
    }
  }
}
