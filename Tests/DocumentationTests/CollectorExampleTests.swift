import Testing

@Suite("Examples for collectors")
struct CollectorExampleTests {
  /// The names of the log's fields in its documentation.
  private func fields() throws -> Set<String> {
    Set(
      try Markdown.rows(of: "docs/traffic-log.md").filter { $0.heading == "Fields" }
        .flatMap(\.names))
  }

  private func names(in file: String, _ patterns: [Regex<(Substring, Substring)>]) throws
    -> Set<String>
  {
    // Comments contain queries, which are read too.
    let text = try Repository.text("config/examples/\(file)")
    return Set(patterns.flatMap { text.matches(of: $0).map { String($0.output.1) } })
  }

  @Test("Vector's reads fields that lines have")
  func vector() throws {
    let names = try names(
      in: "vector-loki.yaml",
      [
        /line\.([a-z_]+)/, /line\."([^"]+)"/, /unwrap (\w+)/, /sum by \((\w+)\)/,
        /\)\ by \((\w+)\)/,
      ])
    #expect(names.count >= 5)
    #expect(names.subtracting(try fields()).isEmpty)
  }

  @Test("Fluent Bit's reads fields that lines have, and times as they are written")
  func fluentBit() throws {
    let names = try names(in: "fluent-bit-loki.yaml", [/time_key: (\w+)/, /[ ,]\$(\w+)/])
    #expect(names == ["timestamp", "gateway", "app"])
    #expect(names.isSubset(of: try fields()))
    let text = try Repository.text("config/examples/fluent-bit-loki.yaml")
    #expect(text.contains("%Y-%m-%dT%H:%M:%S.%LZ"))
  }

  @Test("ClickHouse's reads attributes that log records have: fields under their exported names")
  func clickHouse() throws {
    let names = try names(in: "clickhouse-calls.sql", [/LogAttributes\['([^']+)'\]/])
    #expect(names.count > 15)
    let exported = Set(try fields().map { $0.contains(".") ? $0 : "scorm_gateway." + $0 })
    #expect(names.subtracting(exported).isEmpty)
  }

  @Test("The longest line that they read is as long as a line can be")
  func length() throws {
    #expect(
      try Repository.text("config/examples/vector-loki.yaml").contains("max_line_bytes: 262144"))
    #expect(try Repository.text("docs/traffic-log.md").contains("A line has at most 256 KiB"))
  }

  @Test("They are described where the log is")
  func described() throws {
    let document = try Repository.text("docs/traffic-log.md")
    for file in [
      "vector-loki.yaml", "fluent-bit-loki.yaml", "otel-collector-clickhouse.yaml",
      "clickhouse-calls.sql",
    ] {
      #expect(document.contains("config/examples/\(file)"), "\(file)")
    }
  }
}
