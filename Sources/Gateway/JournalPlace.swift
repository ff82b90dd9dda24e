package import Configuration
internal import System

/// Where a gateway keeps its journal when the configuration names no file.
package enum JournalPlace: Sendable, Equatable {
  /// In this file.
  case file(String)
  /// Nowhere, for this reason.
  case none(String)

  /// The folder that packages make for the gateway.
  package static let usualFolder = "/var/lib/scorm-gateway"
  package static let fileName = "traffic.sqlite"

  /// In the folder that systemd made (`StateDirectory=`), otherwise in ``usualFolder`` if it is writable.
  ///
  /// - Parameter usualFolder: differs in tests only.
  package static func usual(
    _ environment: Environment, usualFolder: String = JournalPlace.usualFolder
  ) -> JournalPlace {
    // systemd separates several folders with colons and escapes nothing.
    if let folder = environment.value("STATE_DIRECTORY")?.split(separator: ":").first {
      let path = "\(folder)/\(fileName)"
      guard let reason = StartObstacle.toWritingBeside(path) else { return .file(path) }
      return .none(
        "\(path), in the folder that STATE_DIRECTORY names, cannot be written: \(reason)")
    }
    let path = "\(usualFolder)/\(fileName)"
    guard let reason = StartObstacle.toWritingBeside(path) else { return .file(path) }
    return .none("\(reason); traffic.journal.path names another place")
  }
}
