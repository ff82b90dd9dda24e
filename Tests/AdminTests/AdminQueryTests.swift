import LocalServer
import Testing

@testable import Admin

@Suite("Parameters of admin pages")
struct AdminQueryTests {
  @Test("Names and values are decoded; a plus sign stays one")
  func decoding() throws {
    let query = try #require(AdminQuery("path=/a%2Fb%3Fc%3Dd+e&m%65thod=GET&empty=&flag&x=1&x=2"))
    #expect(query.first("path") == "/a/b?c=d+e")
    #expect(query.first("method") == "GET")
    #expect(query.first("empty") == nil && query.first("flag") == nil && query.first("no") == nil)
    #expect(query.all("x") == ["1", "2"])
  }

  @Test(
    "Broken escapes and text that is no UTF-8 are refused",
    arguments: ["%", "a=%4", "a=%zz", "%ff=1", "a=%C3"])
  func broken(_ text: String) { #expect(AdminQuery(text) == nil) }

  @Test("No more than 64 parameters are looked at")
  func bounded() throws {
    let text = (0..<100).map { "n=\($0)" }.joined(separator: "&")
    #expect(try #require(AdminQuery(text)).all("n").count == 64)
  }

  private static func responder(_ answer: AdminAnswer) -> AdminResponder {
    var sources = AdminSources(
      readiness: { [] }, isDraining: { false }, metrics: { "" }, limits: { _ in "" })
    sources.actions = AdminActions(
      tokens: { _ in answer }, renewTokens: { _ in answer }, dropTokens: { _ in answer },
      explain: { _ in answer })
    return AdminResponder(sources: sources)
  }

  @Test(
    "A page answers as what is behind it says",
    arguments: [
      (AdminAnswer.json("{}"), 200, "application/json"),
      (.table("a"), 200, "text/plain; charset=utf-8"),
      (.badQuery("say more"), 400, "application/problem+json"),
      (.notFound("no app"), 404, "application/problem+json"),
    ])
  func answers(_ answer: AdminAnswer, _ status: Int, _ type: String) {
    let response = AdminQueryTests.responder(answer).respond(
      to: LocalRequest(method: "GET", path: "/api/tokens"))
    #expect(response.status == status)
    #expect(response.fields.first { $0.name == "Content-Type" }?.value == type)
  }

  @Test(
    "What changes something takes POST and nothing else",
    arguments: [
      ("POST", 200), ("GET", 405), ("HEAD", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 204),
    ])
  func actions(_ method: String, _ status: Int) {
    for path in ["/api/tokens/renew", "/api/tokens/drop"] {
      let response = AdminQueryTests.responder(.json("{}")).respond(
        to: LocalRequest(method: method, path: path))
      #expect(response.status == status)
      let allow = response.fields.first { $0.name == "Allow" }?.value
      #expect(allow == (status == 200 ? nil : "POST, OPTIONS"))
    }
  }
}
