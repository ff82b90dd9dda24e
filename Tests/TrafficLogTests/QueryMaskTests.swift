import Memory
import Testing

@testable import TrafficLog

@Suite("Queries in the log")
struct QueryMaskTests {
  private func masked(_ query: String, showsUnknown: Bool = false) -> String {
    var out = ByteBuffer()
    QueryMask(showsUnknown: showsUnknown).put(Array(query.utf8).span.bytesOfElements, into: &out)
    return out.bytes.text
  }

  @Test(
    "values that the catalogue calls harmless are shown",
    arguments: [
      "since=2026-01-01&until=2026-02-01", "courseId=c%2F1", "includeTotalCount=True", "tags=a,b",
      "orderBy=created_asc&filterBy=course_title", "relativePath=a/b.html", "tags=", "since=a=b",
      "", "&&", "since", "more", "since=1&", "type=SCORM_12",
    ])
  func shows(query: String) {
    #expect(masked(query) == query)
    #expect(masked(query, showsUnknown: true) == query)
  }

  @Test(
    "values that are credentials or name a learner read ***",
    arguments: [
      ("since=2026-01-01&more=eyJh", "since=2026-01-01&more=***"),
      ("auth=x&auth=y", "auth=***&auth=***"), ("jwt=a=b=c", "jwt=***"), ("more=", "more=***"),
      ("learnerId=x&courseId=c", "learnerId=***&courseId=c"),
      ("userEmail=a%40b", "userEmail=***"), ("filter=Smith", "filter=***"),
      ("postbackUrl=https://u:p@h/", "postbackUrl=***"),
      ("cssUrl=https://h/?sig=x", "cssUrl=***?sig=***"),
      ("externalConfig=x", "externalConfig=***"), ("reportUrl=https://h/r", "reportUrl=***"),
    ])
  func masks(query: String, expected: String) {
    #expect(masked(query) == expected)
    #expect(masked(query, showsUnknown: true) == expected)
  }

  @Test(
    "whatever the catalogue does not know reads ***, wherever it stands and however it is written",
    arguments: [
      ("client_secret=x", "client_secret=***"), ("api_key=x", "api_key=***"), ("sig=x", "sig=***"),
      ("x[token]=x", "x[token]=***"), ("token=x", "token=***"), ("MORE=a", "MORE=***"),
      ("access_token=x&since=1", "access_token=***&since=1"), ("SINCE=x", "SINCE=***"),
      ("since=1;token=x", "since=1;token=***"), ("tags=a;SECRET", "tags=a;***"),
      ("since=1;x", "since=1;***"), (";token=x", ";token=***"), ("tags=a;;b=c", "tags=a;;b=***"),
      ("since=1?token=x", "since=1?token=***"), ("?since=1", "?since=1"), ("?x", "?***"),
      ("%6Dore=secret", "%6Dore=***"), ("a%20=b", "a%20=***"), ("s%69nce=1", "s%69nce=***"),
      ("+since=1", "+since=***"), ("=x", "=***"), ("SECRET", "***"), ("a=b", "a=***"),
      ("moreover=x", "moreover=***"), ("U0VDUkVU=", "***"), ("U0VDUkVUUw==", "***"),
      ("a=\"\\", "a=***"), ("a\"=b", "a\\\"=***"), ("a&b=c&since=1", "***&b=***&since=1"),
      ("relativePath=a%3Ftoken%3Dx", "relativePath=***"), ("tags=a%26token%3dx", "tags=***"),
      ("tags=a%2526token%253Dx", "tags=***"), ("tags=a%2", "tags=a%2"), ("tags=%", "tags=%"),
    ])
  func unknown(query: String, expected: String) {
    #expect(masked(query) == expected)
  }

  @Test(
    "where unknown parameters are to be shown, those that tell of a secret or a person are not",
    arguments: [
      ("page=2&a=b", "page=2&a=b"), ("moreover=x", "moreover=x"), ("SINCE=1", "SINCE=1"),
      ("client_secret=x", "client_secret=***"), ("api_key=x", "api_key=***"), ("sig=x", "sig=***"),
      ("x[token]=x", "x[token]=***"), ("MORE=a", "MORE=***"), ("code=x", "code=***"),
      ("%6Dore=secret", "%6Dore=***"), ("registrationId=x", "registrationId=***"),
      ("FILTER=x", "FILTER=***"), ("FirstName=x", "FirstName=***"), ("SECRET", "***"),
      ("since=1;token=x", "since=1;token=***"), ("a=x%3Ftoken%3Dy", "a=***"),
    ])
  func switched(query: String, expected: String) {
    #expect(masked(query, showsUnknown: true) == expected)
  }

  @Test("a long query is cut, and nothing masked appears in what is left")
  func long() {
    let text = masked(String(repeating: "more=SECRET&tags=b&", count: 2000))
    #expect(!text.contains("SECRET"))
    #expect(text.utf8.count < 8192)
    #expect(text.hasSuffix("…"))
    #expect(masked("tags=" + String(repeating: "x", count: 9000)).utf8.count < 2100)
    #expect(masked(String(repeating: "x", count: 9000)) == "***")
    #expect(masked(String(repeating: "x", count: 9000) + "=y").utf8.count < 100)
    #expect(masked(String(repeating: "&", count: 9000)).utf8.count < 2100)
  }

  private func path(_ path: String) -> String {
    var out = ByteBuffer()
    TrafficLine.putRequest(
      method: Array("GET".utf8).span.bytesOfElements, path: Array(path.utf8).span.bytesOfElements,
      hasParameter: path.contains(";"), query: RawSpan(), into: &out)
    return out.bytes.text
  }

  @Test(
    "what stands behind a semicolon in a path reads ***",
    arguments: [
      ("/api/v2/courses;jsessionid=SECRET", "/api/v2/courses;***"),
      ("/a;x=1;y=2/b/c;z", "/a;***/b/c;***"), (";", ";***"), ("/a;/b", "/a;***/b"),
      ("/a%3Bb", "/a%3Bb"),
    ])
  func pathParameters(sent: String, logged: String) {
    #expect(path(sent).hasSuffix("\"url.path\":\"\(logged)\""))
  }

  @Test("a long path with parameters is cut")
  func longPath() {
    #expect(path(String(repeating: "/a;SECRET", count: 2000)).utf8.count < 8192)
    #expect(!path(String(repeating: "/a;SECRET", count: 2000)).contains("SECRET"))
    #expect(path("/a;b/" + String(repeating: "x", count: 9000)).utf8.count < 2200)
  }
}
