import Foundation

/// A temporary folder, removed with this object.
final class OwnFolder {
  let path = NSTemporaryDirectory() + "gateway-folder-\(UUID().uuidString)"
  var journal: String { path + "/traffic.sqlite" }

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
  }
}
