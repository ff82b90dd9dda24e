import Memory

@testable import Configuration

/// Promises about any sequence of bytes as the configuration file, and as the variables that override it.
enum ConfigurationPromises {
  private static let canary = "s3cr3t-Canary-0123456789"

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    // A secret that is written into the file itself, as a key or a path, may be printed.
    guard !String(decoding: bytes, as: UTF8.self).contains(canary) else { return nil }
    return brokenByFile(bytes) ?? brokenByVariables(bytes)
  }

  /// Lines of `NAME=value` become variables of ours.
  private static func variables(_ bytes: [UInt8]) -> [String: String]? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var variables: [String: String] = [:]
    for line in text.split(separator: "\n").prefix(16) {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      variables["SCORM_GATEWAY_\(parts[0])"] = parts[1]
    }
    return variables.isEmpty ? nil : variables
  }

  private static let catalogue = CatalogueNames(operations: ["GetCourses", "CreateRegistration"])

  /// Like the loader, but without a file for each input.
  private static func brokenByFile(_ bytes: [UInt8]) -> String? {
    var problems = ProblemList()
    guard let root = YAMLTree.parse(bytes, file: "gateway.yaml", &problems) else {
      return broken(problems.error.problems, refused: true)
    }
    var decoder = SettingsDecoder(
      problems: problems, environment: Environment(["SCORM_SECRET_KEY": canary]),
      catalogue: catalogue, folder: "", userID: { $0 == "crm" ? 1_234 : nil })
    guard let settings = decoder.settings(root), decoder.problems.isEmpty else {
      return broken(decoder.problems.error.problems, refused: true)
    }
    if settings.apps.isEmpty { return "settings have an app" }
    return broken(decoder.problems.sortedWarnings, refused: false)
  }

  private static func brokenByVariables(_ bytes: [UInt8]) -> String? {
    guard let variables = variables(bytes) else { return nil }
    let loader = ConfigurationLoader(catalogue: catalogue, userID: { _ in nil })
    let environment = Environment(
      variables.merging(["SCORM_APP_ID": "APP", "SCORM_SECRET_KEY": canary]) { given, _ in given })
    do {
      let loaded = try loader.load(file: nil, environment: environment)
      return broken(loaded.warnings, refused: false)
    } catch {
      return broken(error.problems, refused: true)
    }
  }

  private static func broken(_ problems: [Problem], refused: Bool) -> String? {
    if refused, problems.isEmpty { return "a refusal has a reason" }
    for problem in problems {
      if "\(problem)".contains(canary) { return "no problem shows a secret: \(problem)" }
      if problem.message.isEmpty { return "a problem says what is wrong" }
    }
    return nil
  }
}
