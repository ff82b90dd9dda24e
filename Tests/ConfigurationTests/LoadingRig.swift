import Foundation
import Memory

@testable import Configuration

/// A temporary folder with a configuration file and secret files, removed with the rig.
final class LoadingRig {
  let folder: URL
  var variables = ["SCORM_APP_ID": "APP"]
  var overrides: [String: String] = [:]

  /// The secret in the file `secret`. No problem, warning or description may ever contain it.
  static let canary = "s3cr3t-Canary-0123456789"

  static let catalogue = CatalogueNames(
    operations: [
      "GetCourses", "GetCourse", "CreateRegistration", "DeleteCourse", "GetToken",
      "GetReportageAuthToken", "GetReportageLink",
    ],
    secretBearing: ["GetToken"],
    sensitive: ["GetToken", "GetReportageAuthToken", "GetReportageLink"])

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "scorm-gateway-configuration-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write("secret", LoadingRig.canary)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  @discardableResult
  func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
    try write(name, bytes: Array(text.utf8), mode: mode)
  }

  @discardableResult
  func write(_ name: String, bytes: [UInt8], mode: Int = 0o600) throws -> String {
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    return file.path
  }

  /// A valid app, for files that test something else.
  static let app = "apps: [{name: main, id: APP, secret: {file: secret}}]\n"

  /// Loads `yaml` as `gateway.yaml` of the rig's folder; nil loads no file.
  func load(_ yaml: String?) throws -> LoadedSettings {
    let file = try yaml.map { try write("gateway.yaml", $0) }
    return try load(file: file)
  }

  func load(file: String?) throws(ConfigurationError) -> LoadedSettings {
    let loader = ConfigurationLoader(
      catalogue: LoadingRig.catalogue, userID: { $0 == "crm" ? 1_234 : nil })
    return try loader.load(file: file, environment: Environment(variables), overrides: overrides)
  }

  /// The problems of `yaml`; empty if it loads.
  func problems(_ yaml: String?) throws -> [Problem] {
    do {
      _ = try load(yaml)
      return []
    } catch let error as ConfigurationError {
      return error.problems
    }
  }
}

/// The parts of a problem that the tables compare.
struct Expected: CustomStringConvertible, Sendable {
  let line: Int
  let column: Int
  let path: String
  /// A part of the message or of the hint.
  let text: String

  init(_ line: Int, _ column: Int, _ path: String, _ text: String) {
    self.line = line
    self.column = column
    self.path = path
    self.text = text
  }

  var description: String { "\(line):\(column): \(path): …\(text)…" }

  func fits(_ problem: Problem) -> Bool {
    problem.line == line && problem.column == column && problem.keyPath == path
      && (problem.message + " " + problem.hint).contains(text)
  }
}

extension SecretBytes {
  var exposed: String { bytes.text }
}
