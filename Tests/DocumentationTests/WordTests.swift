import Foundation
import Testing

@testable import Telemetry
@testable import TrafficJournal

/// Words that mean the same thing wherever operators meet them: docs/operations.md, Words.
@Suite("Failed, refused, sent and received")
struct WordTests {
  @Test("say what they count, the same in documents, page, command, metrics and dashboard")
  func meaning() throws {
    let failed = "answered with 500 or above, or not at all"
    let refused = "answered with 400 to 499"
    let words = try Repository.text("docs/operations.md")
    let page = try Repository.text("Sources/Admin/Page/dom.js")
    for text in [words, page, TrafficSummary.meaning] {
      #expect(text.contains(failed) && text.contains(refused))
    }
    #expect(try Repository.text("Sources/Admin/Page/now.js").contains(failed))
    #expect(try Repository.text("config/monitoring/dashboard.json").contains(failed))
  }

  @Test("Failed is the same calls in the command as in the metrics' classes 5xx and none")
  func classes() throws {
    for status in [0, 100, 200, 204, 302, 399, 400, 404, 429, 499, 500, 502, 503, 504, 599] {
      var call = BlockCall()
      call.status = Int64(status)
      let name = FigureLabels.statusClasses[LoopFigures.statusClass(status)]
      #expect(call.hasFailed == ["5xx", "none"].contains(name), "\(status)")
    }
    for path in ["config/monitoring/alerts.yaml", "config/monitoring/dashboard.json"] {
      #expect(try Repository.text(path).contains("5xx|none"))
    }
    // The page's filter uses the same values as the command.
    let query = try TrafficQuery("status=5xx,none", now: 0)
    #expect(query.hasStatus(0) && query.hasStatus(500) && !query.hasStatus(499))
  }

  @Test("Sent is what is in requests, received what is in answers, as callers see it")
  func directions() throws {
    let dashboard = try Repository.text("config/monitoring/dashboard.json")
    let panels = try #require(
      try JSONSerialization.jsonObject(with: Data(dashboard.utf8)) as? [String: Any])["panels"]
    let bytes = try #require(
      (panels as? [[String: Any]])?.first { $0["title"] as? String == "Bytes of bodies" })
    let targets = try #require(bytes["targets"] as? [[String: Any]])
    for target in targets {
      let expression = try #require(target["expr"] as? String)
      let isRequest = expression.contains("_request_body_bytes")
      #expect(target["legendFormat"] as? String == (isRequest ? "sent" : "received"))
    }
    #expect(targets.count == 2)
    for (name, word) in [("request", "sent"), ("response", "received")] {
      for line in try Repository.text("docs/operations.md").split(separator: "\n")
      where line.contains("_\(name)_body_bytes") {
        #expect(line.contains("bytes that callers \(word)"), "\(line)")
      }
    }
    var call = BlockCall()
    (call.sent, call.received) = (3, 5)
    var group = CallGroup()
    group.add(call)
    #expect(group.sent == 3 && group.received == 5)
  }
}
