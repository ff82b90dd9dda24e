/// Who ended an exchange, and in which phase: the first thing to read in a traffic log (the idea is HAProxy's). An
/// exchange that ran to its end is ``completed``.
package struct Termination: Sendable, Equatable {
  package enum Party: UInt8, CaseIterable, Sendable { case none, caller, upstream, gateway }

  package enum Phase: UInt8, CaseIterable, Sendable {
    // The request's bytes.
    case request
    // The gateway refused it at this step: see ``PlanStep``.
    case framing, host, caller, app, operation, policy, quota, credential
    // It was ended while it waited for a limit or for a token.
    case queue, token
    case connect, requestBody, responseHead, responseBody

    package init(_ step: PlanStep) {
      switch step {
      case .framing: self = .framing
      case .host: self = .host
      case .caller: self = .caller
      case .app: self = .app
      case .operation: self = .operation
      case .policy: self = .policy
      case .quota: self = .quota
      case .credential: self = .credential
      }
    }
  }

  package let party: Party
  package let phase: Phase

  package init(_ party: Party, _ phase: Phase) {
    self.party = party
    self.phase = phase
  }

  /// The gateway refused the request at `step`.
  package init(refusedAt step: PlanStep) { self.init(.gateway, Phase(step)) }

  /// Both sides finished as they should.
  package static let completed = Termination(.none, .responseBody)

  /// `completed`, or for example `caller/response-body`.
  package var text: StaticString {
    switch party {
    case .none: "completed"
    case .caller: textOfCaller
    case .upstream: textOfUpstream
    case .gateway: textOfGateway
    }
  }

  private var textOfCaller: StaticString {
    switch phase {
    case .queue: "caller/queue"
    case .token: "caller/token"
    case .connect: "caller/connect"
    case .requestBody: "caller/request-body"
    case .responseHead: "caller/response-head"
    case .responseBody: "caller/response-body"
    // Steps take no time, so no caller can leave during one.
    case .request, .framing, .host, .caller, .app, .operation, .policy, .quota, .credential:
      "caller/request"
    }
  }

  private var textOfUpstream: StaticString {
    switch phase {
    case .requestBody: "upstream/request-body"
    case .responseHead: "upstream/response-head"
    case .responseBody: "upstream/response-body"
    // The upstream has no part in what happens before a connection to it.
    case .connect, .request, .framing, .host, .caller, .app, .operation, .policy, .quota,
      .credential, .queue, .token:
      "upstream/connect"
    }
  }

  private var textOfGateway: StaticString {
    switch phase {
    case .request: "gateway/request"
    case .framing: "gateway/framing"
    case .host: "gateway/host"
    case .caller: "gateway/caller"
    case .app: "gateway/app"
    case .operation: "gateway/operation"
    case .policy: "gateway/policy"
    case .quota: "gateway/quota"
    case .credential: "gateway/credential"
    case .queue: "gateway/queue"
    case .token: "gateway/token"
    case .connect: "gateway/connect"
    case .requestBody: "gateway/request-body"
    case .responseHead: "gateway/response-head"
    case .responseBody: "gateway/response-body"
    }
  }
}
