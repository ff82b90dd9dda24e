package import LocalServer

/// A check that helps to decide whether the gateway should get requests.
package struct ReadinessCheck: Sendable {
  /// The subject of the check, such as `upstream name`.
  package let name: String
  package let isReady: Bool
  /// Whether the gateway should get no requests while this fails. Other failures are reported, and the gateway stays
  /// ready.
  package let isRequired: Bool
  /// The state, and what to do if it is not ready. Never a secret.
  package let detail: String

  package init(name: String, isReady: Bool, isRequired: Bool = true, detail: String) {
    self.name = name
    self.isReady = isReady
    self.isRequired = isRequired
    self.detail = detail
  }
}

/// The sources of the admin pages, called for every request. The closures run on the admin server's thread and must not
/// block.
package struct AdminSources: Sendable {
  package var readiness: @Sendable () -> [ReadinessCheck]
  /// Whether the gateway is shutting down, which makes it not ready whatever the checks say.
  package var isDraining: @Sendable () -> Bool
  /// The metrics in Prometheus' text format, version 0.0.4.
  package var metrics: @Sendable () -> String
  /// Each limit's state.
  package var limits: @Sendable (ListingForm) -> String
  /// The gateway's state besides its readiness, for watchers: members of a JSON object, in one line.
  package var state: @Sendable () -> String = { "\"journal\":false" }
  /// The callers and what they may do, as JSON.
  package var callers: @Sendable () -> String = { "{\"callers\":[]}\n" }
  /// Whether pages that change something are enabled.
  package var takesActions: @Sendable () -> Bool = { true }
  /// Records an action that was carried out or refused.
  package var note: @Sendable (AdminAction) -> Void = { _ in }
  /// The newest calls, for watchers; nil without a journal.
  package var feed: CallFeed?
  /// The pages that take parameters.
  package var actions = AdminActions.none
  /// Answers paths that begin with `/api/traffic`, on a thread that may block. It returns nil for pages that do not
  /// exist. Nil without a journal.
  package var traffic: (@Sendable (LocalRequest) -> LocalResponse?)?

  package init(
    readiness: @escaping @Sendable () -> [ReadinessCheck],
    isDraining: @escaping @Sendable () -> Bool, metrics: @escaping @Sendable () -> String,
    limits: @escaping @Sendable (ListingForm) -> String,
    traffic: (@Sendable (LocalRequest) -> LocalResponse?)? = nil
  ) {
    self.traffic = traffic
    self.limits = limits
    self.readiness = readiness
    self.isDraining = isDraining
    self.metrics = metrics
  }
}

/// The readers of a listing.
package enum ListingForm: Sendable, Equatable {
  /// Scripts.
  case json
  /// People; `width` is the width of a line in characters, nil for no limit.
  case table(width: Int?)
}
