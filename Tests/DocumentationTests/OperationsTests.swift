import Admin
import ArgumentParser
import Foundation
import LocalServer
import Testing

@testable import scorm_gateway

@Suite("docs/operations.md")
struct OperationsTests {
  private func rows(_ heading: String) throws -> [TableRow] {
    try Markdown.rows(of: "docs/operations.md").filter { $0.heading == heading }
  }

  @Test("Every subcommand is there, and no other")
  func commands() throws {
    let commands = ScormGateway.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    #expect(commands.count == ScormGateway.configuration.subcommands.count)
    let documented = try rows("Commands").compactMap { $0.names.first?.prefix { $0 != " " } }
    #expect(documented.map(String.init) == commands)
  }

  @Test("Every exit code is there")
  func exitCodes() throws {
    let documented = try rows("Exit codes").compactMap { $0.cells.first.flatMap { Int32($0) } }
    #expect(
      documented == [
        0, ExitStatus.failed, ExitStatus.usage, ExitStatus.unreachable, ExitStatus.badConfiguration,
      ])
  }

  @Test("Every admin page is there, and no other")
  func adminPages() throws {
    let responder = AdminResponder(
      sources: AdminSources(
        readiness: { [] }, isDraining: { false }, metrics: { "" }, limits: { _ in "" }))
    let index = responder.respond(to: LocalRequest(method: "GET", path: "/"))
    guard case .bytes(let bytes) = index.body else {
      Issue.record("the index has no text")
      return
    }
    let pages = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("/") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(!pages.isEmpty)
    #expect(try rows("Admin address").flatMap(\.names).filter { $0.hasPrefix("/") } == pages)
  }

  @Test("Every metric is there, with its type")
  func metrics() throws {
    let source = try ["Gateway", "Operator", "Telemetry"]
      .map { try Repository.sources(of: $0).joined() }.joined()
    // Written out, begun with `family`, or written by a helper that uses it.
    var metrics = source.matches(of: /# TYPE (scorm_gateway_\w+) (\w+)/).map {
      (String($0.output.1), String($0.output.2))
    }
    metrics += source.matches(of: /family\(\s*"(scorm_gateway_\w+)",\s*\.(\w+)/).map {
      (String($0.output.1), String($0.output.2))
    }
    metrics += source.matches(of: /putHistogram\(\s*"(scorm_gateway_\w+)"/).map {
      (String($0.output.1), "histogram")
    }
    metrics += source.matches(of: /\(\d, "(scorm_gateway_\w+_total)"/).map {
      (String($0.output.1), "counter")
    }
    #expect(metrics.count > 30)
    let rows = try rows("Admin address")
    for (name, kind) in metrics {
      let row = rows.first { $0.names.first == name }
      #expect(row?.cells[1] == kind, "\(name)")
    }
  }
}
