import Testing

@Suite("Fields of other proxies in docs/threat-model.md")
struct ProxyClaimTests {
  @Test("The beginnings of names that are listed are those that are dropped")
  func names() throws {
    let source = try Repository.text("Sources/HTTPMessages/FieldName+ProxyClaims.swift")
    let known = source.matches(of: /hasPrefix\("([^"]+)"\)/).map { String($0.output.1) }
    let documented = try Markdown.rows(of: "docs/threat-model.md")
      .filter { $0.heading == "Fields of other proxies" }
      .flatMap { $0.cells[1].matches(of: /`([^`]+)`/).map { String($0.output.1) } }
    #expect(documented.count > 50)
    #expect(documented.sorted() == known.sorted())
  }
}
