package import LocalServer

/// One thing that is looked at to tell whether the gateway should get requests.
package struct ReadinessCheck: Sendable {
  /// What is looked at: `upstream name`.
  package let name: String
  package let isReady: Bool
  /// Whether the gateway should get no requests while this is not well. What is not required is told, and
  /// the gateway stays ready.
  package let isRequired: Bool
  /// How it stands, and what to do when it is not ready; never a secret.
  package let detail: String

  package init(name: String, isReady: Bool, isRequired: Bool = true, detail: String) {
    self.name = name
    self.isReady = isReady
    self.isRequired = isRequired
    self.detail = detail
  }
}

/// What the admin pages show, asked for with every request. The closures are called on the admin
/// server's thread and must not block.
package struct AdminSources: Sendable {
  package var readiness: @Sendable () -> [ReadinessCheck]
  /// Whether the gateway is shutting down, which makes it not ready whatever the checks say.
  package var isDraining: @Sendable () -> Bool
  /// The metrics in Prometheus' text format, version 0.0.4.
  package var metrics: @Sendable () -> String
  /// Each limit's state.
  package var limits: @Sendable (ListingForm) -> String
  /// How the gateway stands besides its readiness, for who watches: members of a JSON object, in one line.
  package var state: @Sendable () -> String = { "\"journal\":false" }
  /// The callers and what they may do, JSON.
  package var callers: @Sendable () -> String = { "{\"callers\":[]}\n" }
  /// Whether pages that change something do so.
  package var takesActions: @Sendable () -> Bool = { true }
  /// Records what was changed, or refused to be.
  package var note: @Sendable (AdminAction) -> Void = { _ in }
  /// The newest calls, for who watches; nil without a journal.
  package var feed: CallFeed?
  /// The pages that take parameters.
  package var actions = AdminActions.none
  /// Answers what begins with `/api/traffic`, on a thread that may block; nil for pages there are none of.
  /// Without a journal there is none.
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

/// Who reads a listing.
package enum ListingForm: Sendable, Equatable {
  /// Scripts.
  case json
  /// People; `width` is the characters in a line, nil for any number.
  case table(width: Int?)
}
