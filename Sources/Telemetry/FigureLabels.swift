/// The labels of a loop's counters. Every label's values are known when the gateway starts, so nothing that a caller
/// sends can create another time series.
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

  /// Indexed by their number in the catalogue.
  package var operations: [Operation] = []
  /// Methods of requests that belong to no operation.
  package var methods: [String] = []
  /// Configured callers.
  package var callers: [String] = []
  /// Configured apps.
  package var apps: [String] = []
  /// Values of `error.type`; one more counter is for all others.
  package var errors: [StaticString] = []
  /// Values of `termination`, indexed by their number.
  package var terminations: [String] = []
  /// Reasons for a further attempt; one more counter is for all others.
  package var retryReasons: [StaticString] = []

  package init() {}

  /// Whether callers and apps are the same as in `other`. Only these can change.
  package func areSame(as other: FigureLabels) -> Bool {
    callers == other.callers && apps == other.apps
  }

  /// Number of rows: operations, and one row for each method without an operation.
  var rowCount: Int { operations.count + methods.count }
  /// Number of pairs of caller and app, where each may also be none.
  var pairCount: Int { (callers.count + 1) * (apps.count + 1) }

  /// Classes of status: 0 for no answer, then 1xx to 5xx.
  static let statusClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"]
}
