package import Configuration
internal import SCORMCloudAPI

/// Loads settings with the catalogue's names, as `serve` and `check` both do.
package enum ConfigurationSource {
  package static func load(
    file: String?, environment: Environment, overrides: [String: String] = [:]
  ) throws(ConfigurationError) -> LoadedSettings {
    let names = CatalogueNames(operations: OperationTable.all.map(\.name.description))
    return try ConfigurationLoader(catalogue: names).load(
      file: file, environment: environment, overrides: overrides)
  }

  /// What is configured and does nothing in this version: said at every start, so that nobody relies on
  /// it.
  package static func inert(_ settings: Settings) -> [String] {
    var lines: [String] = []
    if settings.traffic.journal != nil {
      lines.append("traffic.journal: this version keeps no journal; the log is complete")
    }
    for app in settings.apps where app.nextSecret != nil {
      lines.append("apps: nextSecret of \(app.name) is not used by this version")
    }
    return lines
  }
}
