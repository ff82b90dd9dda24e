import Foundation
import Testing

@Suite("Paths and links in the documentation")
struct PathTests {
  @Test(
    "Every file of the repository that a document names exists", arguments: Repository.documents)
  func paths(document: String) throws {
    let pattern = /(?:Sources|Tests|Benchmarks|scripts|config)\/[A-Za-z0-9_+.\/-]*[A-Za-z0-9_]/
    for match in try Repository.text(document).matches(of: pattern) {
      #expect(Repository.exists(String(match.output)), "\(document) names \(match.output)")
    }
  }

  @Test("The life of a request goes by every part of the relay, the planner and the state machine")
  func lifeOfARequest() throws {
    let text = try Repository.text("docs/life-of-a-request.md")
    let relay = try FileManager.default.contentsOfDirectory(
      atPath: Repository.root.appendingPathComponent("Sources/GatewayServer").path
    ).filter { $0.hasPrefix("Relay") && $0 != "RelaySettings.swift" }
    #expect(relay.count > 5)
    let named =
      relay.map { "Sources/GatewayServer/\($0)" } + [
        "Sources/Forwarding/RequestPlanner.swift", "Sources/Forwarding/ExchangeStateMachine.swift",
      ]
    for path in named {
      #expect(text.contains("`\(path)`"), "docs/life-of-a-request.md does not name \(path)")
    }
  }

  @Test(
    "Every link inside the repository leads to a file and a heading that exist",
    arguments: Repository.documents)
  func links(document: String) throws {
    let folder = document.contains("/") ? document.split(separator: "/").dropLast() : []
    for match in try Repository.text(document).matches(of: /\]\(([^)\s]+)\)/) {
      let link = String(match.output.1)
      if link.hasPrefix("https://") || link.hasPrefix("http://") { continue }
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      var path = folder
      for part in parts[0].split(separator: "/") {
        if part == ".." { _ = path.popLast() } else { path.append(part) }
      }
      let target = parts[0].isEmpty ? document : path.joined(separator: "/")
      #expect(Repository.exists(target), "\(document) links to \(link)")
      guard parts.count == 2, target.hasSuffix(".md"), Repository.exists(target) else { continue }
      #expect(
        try Markdown.anchors(of: target).contains(String(parts[1])), "\(document) links to \(link)")
    }
  }

  @Test("Every document is in the index of documents", arguments: Repository.documents)
  func isLinked(document: String) throws {
    guard document != "docs/README.md" else { return }
    let link = document.hasPrefix("docs/") ? String(document.dropFirst(5)) : "../\(document)"
    #expect(try Repository.text("docs/README.md").contains("](\(link))"))
  }

  @Test("The README leads to the index of documents")
  func index() throws {
    #expect(try Repository.text("README.md").contains("](docs/README.md)"))
  }
}
