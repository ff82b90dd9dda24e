import Foundation
import Gateway
import Testing

/// Gateways that cannot start.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct StartTests {
  /// Whether this process has the file open.
  private func isOpen(_ path: String) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
  }

  @Test(
    "A gateway that cannot start has stopped what had started: no thread holds its log",
    arguments: [
      ["traffic.journal.path": "/missing/folder/traffic.sqlite"],
      ["upstream.url": "https://localhost:1/api/v2", "upstream.caFile": "/etc/hosts"],
    ])
  func nothingStaysBehind(overrides: [String: String]) throws {
    let log = NSTemporaryDirectory() + "gateway-start-\(UUID().uuidString).log"
    defer { try? FileManager.default.removeItem(atPath: log) }
    #expect(throws: StartError.self) {
      _ = try GatewayRig(["traffic.log.path": log].merging(overrides) { $1 })
    }
    // The log was opened, so that part had started.
    #expect(FileManager.default.fileExists(atPath: log))
    #expect(try !isOpen(log))
  }
}
