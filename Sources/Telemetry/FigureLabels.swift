/// What the counters of a loop are told apart by. Every label's values are known when the gateway starts,
/// so nothing a caller sends can make another time series.
package struct FigureLabels: Sendable {
  /// An operation of the catalogue and its method.
  package struct Operation: Sendable {
    package var name: String
    package var method: String

    package init(name: String, method: String) {
      self.name = name
      self.method = method
    }
  }

  /// By their index in the catalogue.
  package var operations: [Operation] = []
  /// Methods of requests that belong to no operation.
  package var methods: [String] = []
  /// Configured callers.
  package var callers: [String] = []
  /// Configured apps.
  package var apps: [String] = []
  /// Values of `error.type`; one more counter takes what is not among them.
  package var errors: [StaticString] = []
  /// Values of `termination`, by their number.
  package var terminations: [String] = []
  /// Why a further attempt was made; one more counter takes what is not among them.
  package var retryReasons: [StaticString] = []

  package init() {}

  /// Whether callers and apps, which alone can change, are those of `other`.
  package func areSame(as other: FigureLabels) -> Bool {
    callers == other.callers && apps == other.apps
  }

  /// Operations, and one row for each method without one.
  var rowCount: Int { operations.count + methods.count }
  /// Pairs of caller and app, each with one more for none.
  var pairCount: Int { (callers.count + 1) * (apps.count + 1) }

  /// Classes of status: 0 for no answer, then 1xx to 5xx.
  static let statusClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"]
}
