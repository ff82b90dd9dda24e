import Memory
import Testing

@testable import TrafficLog

@Suite("Bodies as they may be recorded")
struct BodyRedactionTests {
  typealias Path = [BodyRedaction.Step]

  private func redacted(
    _ body: [UInt8], _ paths: [Path] = []
  ) -> (text: String, omission: BodyOmission?) {
    var out = ByteBuffer()
    out.put("before ")
    let omission = BodyRedaction(paths: paths).put(body.span.bytesOfElements, into: &out)
    let text = out.bytes.text
    #expect(text.hasPrefix("before "))
    if omission != nil { #expect(text == "before ") }
    return (String(text.dropFirst(7)), omission)
  }

  private func redacted(
    _ body: String, _ paths: [Path] = []
  ) -> (text: String, omission: BodyOmission?) {
    redacted(Array(body.utf8), paths)
  }

  @Test(
    "what is not hidden keeps its bytes; blanks between them go",
    arguments: [
      (#"{}"#, #"{}"#), ("[]", "[]"), (" [ ] ", "[]"), ("\t{\r\n}\n", "{}"), ("null", "null"),
      (" -0.5e+10 ", "-0.5e+10"), ("true", "true"),
      (#"{ "a" : [ 1 , 2.50 , -3E-1 , null , false ] }"#, #"{"a":[1,2.50,-3E-1,null,false]}"#),
      (#"{"a":"x \u00e9 \/ \" \\ \n"}"#, #"{"a":"x \u00e9 \/ \" \\ \n"}"#),
      ("{\"é\":\"a\u{2028}b\u{10FFFF}\"}", "{\"é\":\"a\u{2028}b\u{10FFFF}\"}"),
      (#"{"a":{"a":{"a":1}}}"#, #"{"a":{"a":{"a":1}}}"#), (#"{"":1}"#, #"{"":1}"#),
      (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#),
      (#"{"a":"\ud83d\ude00 \ud800"}"#, #"{"a":"\ud83d\ude00 \ud800"}"#),
    ])
  func verbatim(body: String, expected: String) throws {
    let result = redacted(body)
    #expect(result.omission == nil)
    #expect(Array(result.text.utf8) == Array(expected.utf8))
    #expect(PlainJSON.read(Array(result.text.utf8)) == PlainJSON.read(Array(body.utf8)))
  }

  static let paths: [(String, [Path], String)] = [
    (#"{"a":1,"b":2}"#, [[.member("a")]], #"{"a":"***","b":2}"#),
    (
      #"{"a":{"b":1,"c":2},"b":3}"#, [[.member("a"), .member("b")]],
      #"{"a":{"b":"***","c":2},"b":3}"#
    ),
    (
      #"{"items":[{"id":1,"x":2},{"id":{"y":[1,"CANARY"]}},7]}"#,
      [[.member("items"), .every, .member("id")]],
      #"{"items":[{"id":"***","x":2},{"id":"***"},7]}"#
    ),
    (#"[[1,2],[3]]"#, [[.every, .element(0)]], #"[["***",2],["***"]]"#),
    (#"{"a":1,"b":[2]}"#, [[.every]], #"{"a":"***","b":"***"}"#),
    (#"[1,2,3]"#, [[.element(2)], [.element(0)]], #"["***",2,"***"]"#),
    // A repeated name is masked each time, because readers differ in which one they use.
    (#"{"a":"x","a":"y","b":1}"#, [[.member("a")]], #"{"a":"***","a":"***","b":1}"#),
    // However the name is spelt.
    (#"{"\u0061":1,"b":1}"#, [[.member("a")]], #"{"\u0061":"***","b":1}"#),
    ("{\"\\u00e9\":1,\"é\":2}", [[.member("é")]], "{\"\\u00e9\":\"***\",\"é\":\"***\"}"),
    (#"{"a":[]}"#, [[.member("a"), .every, .member("b")]], #"{"a":[]}"#),
    // A name is not an element, an element is not a name, and a path ends where it ends.
    (#"{"0":1}"#, [[.element(0)]], #"{"0":1}"#), (#"[1]"#, [[.member("0")]], #"[1]"#),
    (#"{"x":{"a":1}}"#, [[.member("a")]], #"{"x":{"a":1}}"#),
    (#"{"A":1}"#, [[.member("a")]], #"{"A":1}"#),
    // Two paths with the same beginning, one of them longer.
    (
      #"{"a":{"b":1,"c":2}}"#, [[.member("a"), .member("b")], [.member("a"), .member("c")]],
      #"{"a":{"b":"***","c":"***"}}"#
    ),
    (#"{"a":{"b":1}}"#, [[.member("a"), .member("b")], [.member("a")]], #"{"a":"***"}"#),
  ]

  @Test("values at a path are hidden, whole, and no others", arguments: paths)
  func hidesPaths(body: String, paths: [Path], expected: String) {
    let result = redacted(body, paths)
    #expect(result.omission == nil && result.text == expected)
  }

  @Test("thirty-two paths work; more than that hide everything, as an empty one does")
  func manyPaths() {
    let paths = (0..<32).map { [BodyRedaction.Step.member("n\($0)")] }
    #expect(
      redacted(#"{"n0":1,"n31":1,"n32":1}"#, paths).text == #"{"n0":"***","n31":"***","n32":1}"#)
    #expect(redacted(#"{"b":1}"#, paths + [[.member("z")]]).text == #"{"b":"***"}"#)
    #expect(redacted(#"{"b":1}"#, [[]]).text == #"{"b":"***"}"#)
  }

  @Test(
    "names of secrets and of learners hide their values everywhere",
    arguments: HiddenNames.parts + HiddenNames.wholes + [
      "Password", "pass_word", "PASSWORD2", "learnerEmail", "launch-link", "launchLink", "x.jwt.y",
      "access_token", "Authorization", "learner_last_name", #"pass\u0077ord"#, #"\u0054oken"#,
      // Members of the API that are credentials or links.
      "credential", "pensCredential", "sharedSecret", "consumerKey", "queryString", "reportageLink",
      "userName", "launchLink", "postBackUrl", "secret", "sig", #"pass\u200bword"#,
      "pass\u{200B}word", "Auth", "MORE", "e-mail", #"to\u004ben"#,
    ])
  func hidesNames(name: String) {
    for value in ["\"CANARY\"", "[{\"b\":\"CANARY\"}]", "{\"CANARY\":[\"CANARY\"]}", "17", "null"] {
      let result = redacted("{\"a\":{\"\(name)\":\(value),\"z\":[{\"\(name)\":\(value)}]},\"c\":1}")
      let expected = "{\"a\":{\"\(name)\":\"***\",\"z\":[{\"\(name)\":\"***\"}]},\"c\":1}"
      #expect(result.omission == nil && result.text == expected)
    }
  }

  @Test(
    "names that only look a little like it are shown",
    arguments: [
      "author", "moreover", "title", "id", "keyword", "passed", "name", "authors", "learner", "",
    ])
  func showsNames(name: String) {
    #expect(redacted("{\"\(name)\":{\"x\":1}}").text == "{\"\(name)\":{\"x\":1}}")
  }

  @Test("a learner's id and name are hidden, another thing's are not")
  func learners() {
    #expect(
      redacted(#"{"id":1,"name":2,"learner":{"id":"x","name":"y","z":{"id":3}}}"#).text
        == #"{"id":1,"name":2,"learner":{"id":"***","name":"***","z":{"id":3}}}"#)
    #expect(
      redacted(#"{"learners":[{"id":"x"}],"courses":[{"id":"y"}]}"#).text
        == #"{"learners":[{"id":"***"}],"courses":[{"id":"y"}]}"#)
  }

  @Test(
    "texts that look like credentials or hide names are hidden under any name",
    arguments: [
      "https://cloud.scorm.com/launch?jwt=x", "https:\\/\\/a\\/b\\u003fmore=1", "https://u:p@host/",
      "eyJhbGciOiJIUzI1NiJ9.e30.x", "Bearer abc", "basic abc", "{\\\"password\\\":\\\"x\\\"}",
      " [\\\"x\\\"]", "/launch?token=abc", "a=1&PASSWORD=x", "mailto://a@b",
    ])
  func hidesTexts(text: String) {
    #expect(redacted("{\"a\":\"\(text)\"}").text == "{\"a\":\"***\"}")
    #expect(redacted("[\"\(text)\"]").text == "[\"***\"]")
  }

  @Test("a text that is the whole body is hidden")
  func lonelyText() {
    #expect(redacted(" \"CANARY\" ").text == "\"***\"")
    #expect(redacted("\"CANARY\" 1").omission == .notJSON)
  }

  @Test(
    "other texts are shown",
    arguments: [
      "https://cloud.scorm.com/courses", "[Draft] Course", "what? a@b", "basics", "x = y",
      "{0} of {1}",
    ])
  func showsTexts(text: String) {
    #expect(redacted("{\"a\":\"\(text)\"}").text == "{\"a\":\"\(text)\"}")
  }

  static let broken: [String] = [
    "", " ", "{", "}", "[", "]", "{]", "[}", "[1,]", "{,}", "[,1]", #"{"a"}"#, #"{"a":}"#,
    #"{"a":1,}"#,
    #"{"a":1"b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, "[1 2]", "01", "-", "1.", ".1", "1e", "+1",
    "1e+",
    "0x1", "NaN", "Infinity", "tru", "truex", "nul", "True", "[1]x", "{}{}", "1 2", "\"a",
    "\"\\x\"",
    "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"a\u{0}\"", "\"a\nb\"", "\"a\tb\"", "\u{FEFF}{}",
    "// x\n{}",
    "a=b&c=d", "<a/>", "[1]\u{0}", "\u{A0}[]", "[\u{2028}]", #"{"password":tru}"#,
    #"{"password":"\x"}"#,
    #"{"token":[1,}"#, #"{"token":{"a":1}"#,
  ]

  @Test("what is no JSON is not shown at all, hidden parts included", arguments: broken)
  func notJSON(body: String) {
    #expect(redacted(body).omission == .notJSON)
    #expect(PlainJSON.read(Array(body.utf8)) == nil)
  }

  @Test(
    "text that is no UTF-8 is no JSON",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82],
      [0xC3],
    ] as [[UInt8]])
  func invalidBytes(bytes: [UInt8]) {
    for name in ["a", "password"] {
      let body = Array("{\"\(name)\":\"".utf8) + bytes + Array("\"}".utf8)
      #expect(redacted(body).omission == .notJSON)
    }
    #expect(redacted(Array("{\"".utf8) + bytes + Array("\":1}".utf8)).omission == .notJSON)
    #expect(redacted(Array("[".utf8) + bytes + Array("]".utf8)).omission == .notJSON)
  }

  @Test("sixty-four brackets within brackets are read, and no more")
  func depth() {
    func nest(_ count: Int, _ open: String, _ close: String) -> String {
      String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
    }
    #expect(redacted(nest(64, "[", "]")).omission == nil)
    #expect(redacted(nest(65, "[", "]")).omission == .tooDeep)
    #expect(redacted(nest(64, "{\"a\":", "}")).text == nest(64, "{\"a\":", "}"))
    #expect(redacted(nest(100_000, "{\"password\":", "}")).omission == .tooDeep)
  }

  @Test("cut anywhere, a body is no JSON, and nothing of it is shown")
  func cut() {
    let body = Array(#"{"a":[1.5e3,true,{"password":"x\u0041é"}],"b":null}"#.utf8)
    for end in 0..<body.count { #expect(redacted(Array(body[..<end])).omission == .notJSON) }
  }

  @Test("with any byte changed, it is JSON to us exactly when it is to a strict reader")
  func changed() {
    let body = Array(#" {"a" : [-1.5e3, true, {"b":"x\u0041\né"}] , "c":null, "d":[]}"#.utf8)
    for place in body.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = body
        changed[place] = byte
        let result = redacted(changed)
        let isJSON = PlainJSON.read(changed) != nil
        #expect((result.omission == nil) == isJSON, "\(place) \(byte)")
        if isJSON { #expect(PlainJSON.read(Array(result.text.utf8)) != nil) }
      }
    }
  }
}

@Suite("Bodies in a line")
struct BodyLineTests {
  private func line(_ body: String, _ side: TrafficLine.Side = .request) -> ByteBuffer {
    var out = ByteBuffer()
    out.put("{\"timestamp\":\"t\"")
    TrafficLine.putEnding(TrafficLine.Ending(), hasAttempts: false, into: &out)
    TrafficLine.reopen(&out)
    TrafficLine.putBody(
      side, Array(body.utf8).span.bytesOfElements, BodyRedaction(paths: []), into: &out)
    TrafficLine.close(&out)
    return out
  }

  @Test("a body is a text in its line, whatever is in it", arguments: TrafficLine.Side.allCases)
  func content(side: TrafficLine.Side) throws {
    let body = "{\"a\":\"\u{2028} \\u0000 \\\" \u{7F}\u{85} }\\n{\",\"é\":[1]}"
    let read = try object(line(body, side).bytes)
    let name = side == .request ? "http.request.body.content" : "http.response.body.content"
    #expect(read[name] as? String == body)
    #expect(read.keys.filter { $0.contains("content") || $0.contains("omitted") } == [name])
  }

  @Test("a body that is no JSON leaves its reason", arguments: TrafficLine.Side.allCases)
  func omitted(side: TrafficLine.Side) throws {
    let read = try object(line("CANARY", side).bytes)
    let name = side == .request ? "http.request.body.omitted" : "http.response.body.omitted"
    #expect(read[name] as? String == "not-json")
    #expect(read.keys.filter { $0.contains("content") || $0.contains("omitted") } == [name])
  }

  @Test("a body that grows too much by its escapes is too long; the line stays within its bound")
  func growth() throws {
    let plain = String(repeating: "x", count: 60_000)
    #expect(try object(line("[\"\(plain)\"]").bytes)["http.request.body.content"] != nil)
    let growing = String(repeating: "\u{7F}", count: 60_000)
    let cut = line("[\"\(growing)\"]")
    #expect(try object(cut.bytes)["http.request.body.omitted"] as? String == "too-long")
    #expect(cut.count < 1024)
    #expect(2 * TrafficLine.contentLimit + 64 * 1024 <= TrafficLine.lineLimit)
  }
}
