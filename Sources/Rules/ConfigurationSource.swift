package import Configuration
internal import RateLimiting
internal import SCORMCloudAPI

/// Loads settings with the catalogue's names, for both `serve` and `check`.
package enum ConfigurationSource {
  package static func load(
    file: String?, environment: Environment, overrides: [String: String] = [:]
  ) throws(ConfigurationError) -> LoadedSettings {
    let names = CatalogueNames(
      operations: OperationTable.all.map(\.name.description),
      secretBearing: OperationTable.all.filter { $0.isSecretBearing || $0.isSensitive }
        .map(\.name.description),
      sensitive: OperationTable.all.filter(\.isSensitive).map(\.name.description))
    let loaded = try ConfigurationLoader(catalogue: names).load(
      file: file, environment: environment, overrides: overrides)
    if let problem = limitProblem(loaded.settings) {
      throw ConfigurationError(
        loaded.problem("limits", problem, hint: "fewer limits, or limits per fewer keys"),
        warnings: loaded.warnings)
    }
    return loaded
  }

  /// Why these limits cannot be enforced; nil if they can.
  private static func limitProblem(_ settings: Settings) -> String? {
    RulesCompiler(settings).limits(loopCount: 1).problem?.description
  }
}
