import LocalServer
import Testing

@testable import Sandbox

@Suite("Lists, page by page")
struct ListTests {
  private func rig(courses: Int) -> Rig {
    var rig = Rig { settings in
      settings.applications.append(
        SandboxApplication(id: "OTHER", secret: "other", kind: .application))
    }
    for i in 0..<courses { rig.importCourse("c\(i)") }
    return rig
  }

  private func more(_ rig: inout Rig, _ query: String = "") -> String? {
    rig.call("GET", "/courses" + query).json["more"]?.string
  }

  @Test("Ten items are one page without more; the eleventh makes a second one")
  func pageSize() {
    var ten = rig(courses: 10)
    #expect(more(&ten) == nil)
    var eleven = rig(courses: 11)
    let token = more(&eleven)
    #expect(token != nil)
    let second = eleven.call("GET", "/courses?more=\(token?.escaped ?? "")")
    #expect(second.json["courses"]?.elements?.compactMap { $0["id"]?.string } == ["c0"])
    #expect(second.json["more"] == nil)
  }

  @Test("Every more token holds +, / and =, so that a query taken apart wrongly shows")
  func tokenAlphabet() throws {
    var rig = rig(courses: 11)
    for query in ["", "?a=1", "?a=12", "?a=123", "?a=1234"] {
      let token = try #require(more(&rig, query))
      #expect(token.contains("+") && token.contains("/") && token.hasSuffix("="))
    }
  }

  @Test("A token whose + became a space, or that was cut, is refused with 400")
  func brokenTokens() throws {
    var rig = rig(courses: 11)
    let token = try #require(more(&rig))
    for broken in [token, String(token.escaped.dropLast(3)), "x", "AAAA", "%2B%2F%2F%2B"] {
      #expect(rig.call("GET", "/courses?more=\(broken)").status == 400, "\(broken)")
    }
  }

  @Test("Filters of the first page persist in the token")
  func filtersPersist() throws {
    var rig = rig(courses: 12)
    for i in 0..<11 {
      #expect(rig.call("PUT", "/courses/c\(i)/tags", #"{"tags":["t"]}"#).status == 204)
    }
    let token = try #require(more(&rig, "?tags=t"))
    let page = rig.call("GET", "/courses?more=\(token.escaped)")
    #expect(page.json["courses"]?.elements?.compactMap { $0["id"]?.string } == ["c0"])
  }

  @Test("A token reaches only the list and the application that gave it")
  func foreignTokens() throws {
    var rig = rig(courses: 11)
    let token = try #require(more(&rig)).escaped
    #expect(rig.call("GET", "/registrations?more=\(token)").status == 400)
    let other = Rig.basic("OTHER", "other")
    #expect(rig.call("GET", "/courses?more=\(token)", as: other).status == 400)
  }

  @Test(
    "The total count comes when asked for",
    arguments: [("", nil), ("?includeTotalCount=true", "11"), ("?includeTotalCount=false", nil)])
  func totalCount(query: String, count: String?) {
    var rig = rig(courses: 11)
    #expect(rig.call("GET", "/courses" + query).field("X-Total-Count") == count)
  }
}
