import Foundation
import Testing

@testable import Configuration

@Suite("The example and the reference")
struct DocumentationTests {
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
  }

  /// The example, with its secrets in the rig's folder.
  private func example(_ rig: LoadingRig) throws -> String {
    for name in ["scorm", "scorm-next", "scorm-management"] {
      try rig.write(name, LoadingRig.canary)
    }
    return try DocumentationTests.text("config/gateway.yaml")
      .replacing("/run/secrets/", with: rig.folder.path + "/")
  }

  @Test("The example loads as it is, and says what the defaults say")
  func example() throws {
    let rig = try LoadingRig()
    let loaded = try rig.load(try example(rig))
    #expect(loaded.warnings.isEmpty)
    let bare = try rig.load(LoadingRig.app).settings
    let settings = loaded.settings
    #expect(settings.listeners == bare.listeners)
    #expect(settings.admin == bare.admin)
    #expect(settings.upstream == bare.upstream)
    #expect(settings.tokens == bare.tokens)
    #expect(settings.policy == bare.policy)
    #expect(settings.pages == bare.pages)
    #expect(settings.jobs == bare.jobs)
    #expect(settings.uploads == bare.uploads)
    #expect(settings.traffic == bare.traffic)
  }

  @Test("The example loads with everything in it switched on")
  func fullExample() throws {
    let rig = try LoadingRig()
    let lines = try example(rig).replacing("scopes: exact  ", with: "scopes: fixed  ")
      .replacing("spool: off ", with: "spool: disk")
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("#") && !$0.hasPrefix("##") ? $0.dropFirst() : $0 }
    let loaded = try rig.load(
      lines.joined(separator: "\n").replacing(
        "/etc/ssl/certs/ca-certificates.crt", with: rig.folder.path + "/scorm"))
    #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
    let settings = loaded.settings
    #expect(settings.listeners.map(\.caller) == [nil, "crm"])
    #expect(settings.listeners.first?.allowedHosts == ["scorm-gateway.internal"])
    #expect(settings.upstream.proxy == ProxyAddress(host: "proxy.internal", port: 3128))
    #expect(settings.apps.map(\.kind) == [.application, .management])
    #expect(settings.apps.first?.nextSecret?.exposed == LoadingRig.canary)
    #expect(settings.tokens.scopesList == ["read", "write:registration"])
    #expect(
      settings.callers == [
        Caller(
          name: "crm",
          match: CallerMatch(
            unixUser: CallerMatch.UnixUser(name: "crm", id: 1_234), address: nil, listener: nil),
          apps: ["main"],
          allow: [
            .access(.read, service: nil), .access(.write, service: "registration"),
            .operation("CreateRegistration"),
          ], mode: .normal)
      ])
    #expect(
      settings.limits == [
        Limit(
          name: "app-writes", per: .app,
          match: Limit.Match(access: .write, service: nil, operation: nil),
          rate: CallRate(count: 100, period: .seconds(60)), burst: 20, concurrency: 10,
          onExceed: .queue, maxWait: .seconds(5), maxQueue: 200, isShared: true)
      ])
    #expect(settings.shared?.url.description == "redis://localhost:6379/0")
    #expect(
      settings.traffic.journal
        == TrafficSettings.Journal(
          path: "/var/lib/scorm-gateway/traffic.sqlite", maxAge: .seconds(30 * 86_400),
          maxSize: ByteSize(512 << 20)))
    #expect(settings.traffic.gateway == "gateway-1")
    #expect(
      settings.traffic.captures == [
        TrafficSettings.Capture(
          operation: "GetCourses", maxBytes: ByteSize(16 << 10),
          redact: [try #require(RedactionPath(configurationText: "$.courses[*].title"))])
      ])
  }

  /// The rows of the reference, by heading and key.
  private func rows() throws -> [String: [String: String]] {
    var rows: [String: [String: String]] = [:]
    var heading = ""
    for line in try DocumentationTests.text("docs/configuration.md").split(separator: "\n") {
      if line.hasPrefix("## ") { heading = String(line.dropFirst(3)) }
      guard line.hasPrefix("| `"), let end = line.dropFirst(3).firstIndex(of: "`") else { continue }
      rows[heading, default: [:]][String(line[line.index(line.startIndex, offsetBy: 3)..<end])] =
        String(line)
    }
    return rows
  }

  /// Every section, with the path that its heading shows.
  private static func sections(_ schema: SectionSchema, _ path: String) -> [(String, SectionSchema)]
  {
    var result = [(path.isEmpty ? "Top level" : path, schema)]
    for key in schema.keys {
      let name = path.isEmpty ? key.name : "\(path).\(key.name)"
      switch key.kind {
      case .section(let inner): result += sections(inner, name)
      case .sections(let inner): result += sections(inner, name + "[]")
      default: break
      }
    }
    return result
  }

  @Test("Every key is in the reference with its default, its range and its variable")
  func reference() throws {
    let rows = try rows()
    let sections = DocumentationTests.sections(Schema.root, "")
    #expect(sections.count == 22)
    for (path, schema) in sections {
      for key in schema.keys {
        let row = rows[path]?[key.name] ?? ""
        #expect(!row.isEmpty, "\(path) \(key.name) is not documented")
        let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count >= 5 else { continue }
        if !key.defaultText.isEmpty {
          #expect(cells[2] == "`\(key.defaultText)`", "\(path) \(key.name)")
        }
        if !key.rangeText.isEmpty {
          #expect(cells[3] == key.rangeText.replacing("\\\"", with: "\""))
        }
      }
      let documented = rows[path].map { Set($0.keys) } ?? []
      #expect(documented == Set(schema.names), "\(path) documents keys that do not exist")
    }
  }

  @Test("Every key that has an environment variable names it in the reference, and no other does")
  func variables() throws {
    let text = try rows().values.flatMap(\.values).joined(separator: "\n")
    let documented = Set(
      text.matches(of: /`(SCORM_GATEWAY_[A-Z_]+)`/).map { String($0.output.1) })
    #expect(documented == Set(Overlay.targets.map(\.variable)))
  }

  @Test("Published scopes are thirty, each once")
  func scopes() {
    #expect(CatalogueNames.publishedScopes.count == 30)
    #expect(Set(CatalogueNames.publishedScopes).count == 30)
  }
}
