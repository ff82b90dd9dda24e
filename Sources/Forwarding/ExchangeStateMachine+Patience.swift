/// How long a peer may keep an exchange waiting, by what it is waited for; the configuration has the times.
@usableFromInline package enum Patience: Equatable, Sendable {
  /// It is not waited for, or another deadline ends the wait.
  case unlimited
  /// For a token that is not there yet.
  case token
  /// For a connection of the pool, or to an established new one.
  case connection
  /// Between two bytes, in either direction.
  case idle
  /// From the request's last byte to the answer's first.
  case response
}

extension ExchangeStateMachine {
  /// How long the caller's side may take from now on. `isBehind`: the upstream is not read from until the caller has
  /// read more; `upstreamIsBehind`: the caller is not read from until the upstream has taken more.
  @inlinable @inline(__always)
  package func callerPatience(isBehind: Bool = false, upstreamIsBehind: Bool = false) -> Patience {
    switch phase {
    case .planning, .awaitingQuota, .readingAnswer, .resending, .finished: .unlimited
    case .answering, .betweenFetches: isBehind ? .idle : .unlimited
    case .awaitingToken: .token
    case .collectingBody: .idle
    // One whose connection is being made waits for the upstream.
    case .awaitingConnection: since == 0 ? .unlimited : .connection
    case .forwarding: requestIsComplete || upstreamIsBehind ? .unlimited : .idle
    }
  }

  /// How long the upstream may take from now on. `callerIsBehind`: it is not read from until the caller has read more.
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
