internal import Glibc
import Memory

@testable import Configuration

/// What holds for every sequence of bytes that stands where the configuration file should, and in the
/// variables that override it.
enum ConfigurationPromises {
  private static let canary = "s3cr3t-Canary-0123456789"

  /// The promise that `bytes` break; nil when all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    // Who writes the secret itself into the file, as a key or a path, may see it again.
    guard !String(decoding: bytes, as: UTF8.self).contains(canary), let file = MemoryFile(bytes)
    else { return nil }
    return broken(file.path, [:]) ?? brokenByVariables(bytes)
  }

  /// Lines of `NAME=value` are variables of ours.
  private static func brokenByVariables(_ bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var variables: [String: String] = [:]
    for line in text.split(separator: "\n").prefix(16) {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      variables["SCORM_GATEWAY_\(parts[0])"] = parts[1]
    }
    return variables.isEmpty ? nil : broken(nil, variables)
  }

  private static func broken(_ file: String?, _ variables: [String: String]) -> String? {
    let loader = ConfigurationLoader(
      catalogue: CatalogueNames(operations: ["GetCourses", "CreateRegistration"]),
      userID: { $0 == "crm" ? 1_234 : nil })
    let environment = Environment(
      variables.merging(["SCORM_APP_ID": "APP", "SCORM_SECRET_KEY": canary]) { given, _ in given })
    do {
      let loaded = try loader.load(file: file, environment: environment)
      if loaded.settings.apps.isEmpty { return "settings have an app" }
      return broken(loaded.warnings)
    } catch {
      if error.problems.isEmpty { return "a refusal has a reason" }
      return broken(error.problems)
    }
  }

  private static func broken(_ problems: [Problem]) -> String? {
    for problem in problems {
      if "\(problem)".contains(canary) { return "no problem shows a secret: \(problem)" }
      if problem.message.isEmpty { return "a problem says what is wrong" }
    }
    return nil
  }
}

/// A file without a name in any folder.
@safe private final class MemoryFile {
  // Proof: opened in `init`, closed once in `deinit`, and used by this class alone.
  private let file: UnsafeMutablePointer<FILE>
  let path: String

  /// Nil when the system refuses.
  init?(_ bytes: [UInt8]) {
    guard let opened = unsafe tmpfile() else { return nil }
    unsafe file = opened
    path = unsafe "/proc/self/fd/\(fileno(opened))"
    // Proof: the buffer holds as many bytes as its count says.
    let written = unsafe bytes.withUnsafeBytes {
      unsafe fwrite($0.baseAddress, 1, $0.count, opened)
    }
    guard written == bytes.count, unsafe fflush(opened) == 0 else { return nil }
  }

  deinit { unsafe fclose(file) }
}
