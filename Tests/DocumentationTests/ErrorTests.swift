import Foundation
import Testing

@testable import Forwarding

@Suite("docs/errors.md")
struct ErrorTests {
  @Test(
    "Every error the gateway can answer with is there, with its status, retriability and Proxy-Status",
    arguments: GatewayErrorKind.allCases)
  func kinds(kind: GatewayErrorKind) throws {
    let row = try Markdown.rows(of: "docs/errors.md").first { $0.names.first == "\(kind.name)" }
    let cells = try #require(row, "\(kind.name) is not documented").cells
    #expect(cells[1].hasPrefix("\(kind.status)"))
    #expect(cells[2] == (kind.isRetriable ? "yes" : "no"))
    #expect(cells[3].hasPrefix("`\(kind.proxyErrorType)`"))
  }

  @Test("No error is documented that the gateway does not know")
  func noOthers() throws {
    let known = Set(GatewayErrorKind.allCases.map { "\($0.name)" })
    let headings: Set = ["The request", "Tokens", "The upstream", "The gateway"]
    let documented = try Markdown.rows(of: "docs/errors.md").filter {
      headings.contains($0.heading)
    }
    .compactMap(\.names.first)
    #expect(documented.count == known.count)
    #expect(Set(documented) == known)
  }

  @Test("What stands only in the log is written by the relay")
  func onlyInTheLog() throws {
    let relay = try Repository.sources(of: "GatewayServer").joined()
    let names = try Markdown.rows(of: "docs/errors.md").filter { $0.heading == "Only in the log" }
      .compactMap(\.names.first)
    #expect(!names.isEmpty)
    for name in names { #expect(relay.contains("error: \"\(name)\"")) }
  }
}
