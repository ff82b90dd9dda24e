import Foundation
import LocalServer
import Testing

@testable import Admin

@Suite("The admin page")
struct PageTests {
  private static let responder = AdminResponder(
    sources: AdminSources(
      readiness: { [] }, isDraining: { false }, metrics: { "" }, limits: { _ in "" }))

  private static func text(_ path: String) -> String {
    guard let answer = PageFiles.response(for: path), case .bytes(let bytes) = answer.body else {
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func get(_ path: String, _ accept: String = "*/*") -> LocalResponse {
    responder.respond(
      to: LocalRequest(method: "GET", path: path, fields: [(name: "accept", value: accept)]))
  }

  @Test("A browser gets the page at /, and others the list")
  func index() throws {
    let page = PageTests.get("/", "text/html,application/xhtml+xml,*/*;q=0.8")
    #expect(page.status == 200 && page.fields[0].value == "text/html; charset=utf-8")
    for accept in ["*/*", "text/plain"] {
      guard case .bytes(let bytes) = PageTests.get("/", accept).body else {
        Issue.record("no text")
        return
      }
      #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("scorm-gateway admin"))
    }
  }

  @Test("Every file forbids what is not this server's own, and what stands in the page itself")
  func policy() throws {
    for (path, _) in PageFiles.types {
      let answer = PageTests.get(path, "text/html")
      let policy = try #require(
        answer.fields.first { $0.name == "Content-Security-Policy" }?.value)
      #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
      #expect(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"))
    }
  }

  @Test("Everything it asks for is one of its files, and each of them is asked for")
  func references() {
    var asked: Set<String> = ["/"]
    for (path, _) in PageFiles.types {
      let text = PageTests.text(path)
      #expect(!text.isEmpty, "\(path)")
      for match in text.matches(of: /(?:src|href)="(\/page\/[^"]+)"/) {
        asked.insert(String(match.output.1))
      }
      for match in text.matches(of: /from "\.\/([^"]+)"/) {
        asked.insert("/page/" + match.output.1)
      }
    }
    #expect(asked == Set(PageFiles.types.map(\.path)))
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Admin/Page")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    #expect(
      Set(files.map { $0 == "page.html" ? "/" : "/page/" + $0 }) == Set(PageFiles.types.map(\.path))
    )
  }

  @Test(
    "No file names another server, makes markup or code of text, or has scripts and styles in the page",
    arguments: PageFiles.types.map(\.path))
  func harmless(_ path: String) {
    let text = PageTests.text(path).replacing("http://www.w3.org/2000/svg", with: "")
    for way in [
      "http:", "https:", "//www", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
      "eval(", "new Function", "DOMParser", "srcdoc", "javascript:", "setTimeout(\"", "cssText",
      "@import", "url(\"", "<style", "style=",
    ] {
      #expect(!text.contains(way), "\(way)")
    }
    guard path == "/" else { return }
    #expect(text.firstMatch(of: /<script(?![^>]*src=)/) == nil)
    #expect(text.firstMatch(of: /\son[a-z]+=/) == nil)
  }

  @Test("All of it together is at most 100 KB")
  func size() {
    let bytes = PageFiles.types.indices.reduce(0) { $0 + PageFiles.bytes($1).count }
    #expect(bytes > 10_000 && bytes <= 100_000)
    #expect(PageFiles.bytes(PageFiles.types.count).isEmpty)
  }
}
