import Testing

@testable import Configuration

@Suite("Paths of what is hidden in bodies")
struct RedactionPathTests {
  static let good: [(String, [RedactionPath.Step])] = [
    ("$.a", [.member("a")]), ("$.a.b-c_1", [.member("a"), .member("b-c_1")]),
    ("$.items[*].id", [.member("items"), .every, .member("id")]),
    ("$[0]", [.element(0)]), ("$[12][3]", [.element(12), .element(3)]),
    ("$[*]", [.every]), ("$.*", [.every]), ("$.é", [.member("é")]),
    ("$['first name']", [.member("first name")]), ("$[\"a.b\"].c", [.member("a.b"), .member("c")]),
    ("$['it\\'s']", [.member("it's")]), ("$['a\\\\b']", [.member("a\\b")]),
    ("$['']", [.member("")]),
    ("$['*']", [.member("*")]), ("$[\"]\"]", [.member("]")]),
  ]

  @Test("a path leads step by step from the top", arguments: good)
  func steps(text: String, steps: [RedactionPath.Step]) {
    #expect(RedactionPath(configurationText: text)?.steps == steps)
  }

  @Test(
    "what is no such path is refused",
    arguments: [
      "", "$", "a", ".a", "$a", "$.", "$..a", "$.a.", "$[", "$[]", "$[*", "$[-1]", "$[01]",
      "$[1:2]",
      "$[0,1]", "$[?(@.a)]", "$['a'", "$['a]", "$['a\\", "$['a\\n']", "$[a]", "$.a b", "$ .a",
      "$.a ",
      "$[1234567890]", "$.a[ 0 ]", "$" + String(repeating: ".a", count: 65),
      "$." + String(repeating: "a", count: 511),
    ])
  func refused(text: String) { #expect(RedactionPath(configurationText: text) == nil) }

  @Test("the longest ones that are taken")
  func longest() {
    #expect(RedactionPath(configurationText: "$" + String(repeating: ".a", count: 64)) != nil)
    #expect(RedactionPath(configurationText: "$." + String(repeating: "a", count: 510)) != nil)
  }
}
