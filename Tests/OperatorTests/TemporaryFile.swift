import Foundation

/// A temporary file, removed with this object.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "operator-file-\(UUID().uuidString)"

  init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A configuration of one app with limits.
final class TemporaryConfiguration {
  private let file: TemporaryFile
  var path: String { file.path }

  init(_ limits: String, _ callers: String = "") throws {
    file = try TemporaryFile(
      """
      apps: [{name: main, id: {env: ID}, secret: {env: SECRET}}]
      limits: [\(limits)]
      \(callers)

      """)
  }
}
