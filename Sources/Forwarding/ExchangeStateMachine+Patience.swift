/// How long a peer may keep an exchange waiting, by what is waited for. The configuration has the times.
@usableFromInline package enum Patience: Equatable, Sendable {
  /// There is no wait, or another deadline ends it.
  case unlimited
  /// For a token that has not arrived yet.
  case token
  /// For a connection from the pool, or for a new one to be established.
  case connection
  /// Between two bytes, in either direction.
  case idle
  /// From the request's last byte to the answer's first.
  case response
}

extension ExchangeStateMachine {
  /// How long the caller's side may take from now on. `isBehind`: reading from the upstream is paused until the caller
  /// has read more. `upstreamIsBehind`: reading from the caller is paused until the upstream has taken more.
  @inlinable @inline(__always)
  package func callerPatience(isBehind: Bool = false, upstreamIsBehind: Bool = false) -> Patience {
    switch phase {
    case .planning, .awaitingQuota, .readingAnswer, .resending, .finished: .unlimited
    case .answering, .betweenFetches: isBehind ? .idle : .unlimited
    case .awaitingToken: .token
    case .collectingBody: .idle
    // Once its connection is being established, it waits for the upstream.
    case .awaitingConnection: since == 0 ? .unlimited : .connection
    case .forwarding: requestIsComplete || upstreamIsBehind ? .unlimited : .idle
    }
  }

  /// How long the upstream may take from now on. `callerIsBehind`: reading from it is paused until the caller has read
  /// more.
  @inlinable @inline(__always)
  package func upstreamPatience(callerIsBehind: Bool = false) -> Patience {
    switch phase {
    case .awaitingConnection: .connection
    case .forwarding: requestIsComplete ? .response : .idle
    case .answering: callerIsBehind ? .unlimited : .idle
    case .readingAnswer, .resending: .idle
    case .planning, .awaitingQuota, .awaitingToken, .collectingBody, .betweenFetches, .finished:
      .unlimited
    }
  }
}
