import Foundation

/// A temporary file, removed with this object.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "policy-file-\(UUID().uuidString)"

  init(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
