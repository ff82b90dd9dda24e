import Memory
import Testing

@testable import AccessTokens

@Suite("Answers of the token endpoints")
struct TokenAnswerTests {
  private func read(
    _ text: String, _ endpoint: TokenEndpoint = .application, asked: Int64 = 900
  ) throws -> TokenAnswer {
    try read(Array(text.utf8), endpoint, asked: asked)
  }

  private func read(
    _ bytes: [UInt8], _ endpoint: TokenEndpoint = .application, asked: Int64 = 900
  ) throws -> TokenAnswer {
    try TokenAnswer(bytes.span.bytesOfElements, from: endpoint, requestedLifetime: asked)
  }

  private func text(_ answer: TokenAnswer) -> String { answer.token.bytes.text }

  @Test(
    "a token is read from what a server may reasonably send",
    arguments: [
      (#"{"access_token":"abc","expires_in":300,"token_type":"bearer"}"#, "abc"),
      (" {\n\t\"access_token\" : \"abc\" , \"token_type\":\"BeArEr\"}\r\n", "abc"),
      (#"{"access_token":"abc"}"#, "abc"),
      (#"{"access_token":"abc","token_type":null,"expires_in":null}"#, "abc"),
      (#"{"access_token":"a\/b+c~d._-0=="}"#, "a/b+c~d._-0=="),
      (#"{"\u0061ccess_token":"\u0061bc"}"#, "abc"),
      (
        #"{"x":[1,-2.5e+3,{"access_token":"no"},[],{}],"y":true,"z":false,"access_token":"abc"}"#,
        "abc"
      ),
      (#"{"emoji":"\ud83d\ude00 ü","access_token":"abc","scope":"read"}"#, "abc"),
    ])
  func accepts(answer: String, token: String) throws {
    #expect(text(try read(answer)) == token)
  }

  @Test("CreateToken's answer is its result, living as long as was asked for")
  func createToken() throws {
    let answer = try read(#"{"result":"a.b.c"}"#, .appManagement, asked: 600)
    #expect(text(answer) == "a.b.c")
    #expect(answer.lifetime == 600)
    #expect(answer.lifetimeSource == .request)
    #expect(throws: TokenAnswerDefect.noToken) {
      try read(#"{"access_token":"abc"}"#, .appManagement)
    }
    #expect(throws: TokenAnswerDefect.noToken) { try read(#"{"result":"abc"}"#, .application) }
  }

  @Test("a byte order mark before the JSON is ignored, in refusals too")
  func byteOrderMark() throws {
    #expect(text(try read("\u{feff}{\"access_token\":\"abc\"}", .application)) == "abc")
    let refusal = Array("\u{feff}{\"error\":\"invalid_client\"}".utf8)
    #expect(TokenErrorCode(refusal.span.bytesOfElements) == .invalidClient)
  }

  @Test(
    "whatever is no clean answer is refused",
    arguments: [
      ("", TokenAnswerDefect.notJSON), ("garbage", .notJSON), ("null", .notJSON), ("[]", .notJSON),
      ("<html><body>Bad Gateway</body></html>", .notJSON),
      (#"{"access_token":"abc""#, .notJSON), (#"{"access_token":"ab"#, .notJSON),
      (#"{"access_token":"abc"} x"#, .notJSON), (#"{"access_token":"abc"}{}"#, .notJSON),
      (#"{"access_token":"abc",}"#, .notJSON), (#"{,"access_token":"abc"}"#, .notJSON),
      (#"{'access_token':'abc'}"#, .notJSON), (#"{access_token:"abc"}"#, .notJSON),
      (#"{"access_token":"abc" "expires_in":1}"#, .notJSON),
      ("\u{feff}\u{feff}{\"access_token\":\"abc\"}", .notJSON), ("\u{feff}", .notJSON),
      ("{\"access_token\":\"a\nb\"}", .notJSON), (#"{"access_token":"a\qb"}"#, .notJSON),
      (#"{"access_token":"\ud83d"}"#, .notJSON), (#"{"access_token":"\u00g0"}"#, .notJSON),
      (#"{"access_token":"abc","expires_in":012}"#, .notJSON),
      (#"{"access_token":"abc","expires_in":-}"#, .notJSON),
      (#"{"access_token":"abc","expires_in":1.}"#, .notJSON),
      (#"{"access_token":"abc","x":tru}"#, .notJSON),
      (#"{"access_token":"abc","x":NaN}"#, .notJSON),
      (#"{"access_token":"abc","x":\#(String(repeating: "[", count: 5000))"#, .notJSON),
      (#"{"access_token":"a","access_token":"b"}"#, .duplicateMember),
      (#"{"access_token":"a","\u0061ccess_token":"b"}"#, .duplicateMember),
      (#"{"access_token":"a","expires_in":1,"expires_in":900}"#, .duplicateMember),
      (#"{"access_token":"a","token_type":"bearer","token_type":"mac"}"#, .duplicateMember),
      ("{}", .noToken), (#"{"access_token":""}"#, .noToken), (#"{"access_token":null}"#, .noToken),
      (#"{"access_token":17}"#, .noToken), (#"{"access_token":{"a":"b"}}"#, .noToken),
      (#"{"Access_Token":"abc"}"#, .noToken), (#"{"error":"x","expires_in":1}"#, .noToken),
      (#"{"access_token":"a\r\nX-Evil: 1"}"#, .badTokenText),
      (#"{"access_token":"a\u0000b"}"#, .badTokenText),
      (#"{"access_token":"tök"}"#, .badTokenText), (#"{"access_token":"a b"}"#, .badTokenText),
      (#"{"access_token":"a=b"}"#, .badTokenText), (#"{"access_token":"=="}"#, .badTokenText),
      (#"{"access_token":"\#(String(repeating: "a", count: 8193))"}"#, .tokenTooLong),
      (#"{"access_token":"\#(String(repeating: "a", count: 70_000))"}"#, .tooLarge),
      (#"{"access_token":"abc","token_type":"mac"}"#, .notBearer),
      (#"{"access_token":"abc","token_type":""}"#, .notBearer),
      (#"{"access_token":"abc","token_type":["bearer"]}"#, .notBearer),
    ])
  func refuses(answer: String, defect: TokenAnswerDefect) {
    #expect(throws: defect) { try read(answer) }
  }

  @Test(
    "an odd lifetime never makes a token live longer than it might",
    arguments: [
      ("300", 300, TokenAnswer.LifetimeSource.answer), ("\"300\"", 300, .answer), ("1", 1, .answer),
      ("31536000", 31_536_000, .answer), ("null", 900, .request), ("0", 60, .unreadable),
      ("-1", 60, .unreadable), ("300.5", 60, .unreadable), ("3e2", 60, .unreadable),
      ("\"soon\"", 60, .unreadable), ("\"\"", 60, .unreadable), ("true", 60, .unreadable),
      ("[300]", 60, .unreadable), ("31536001", 900, .excessive),
      ("9223372036854775807", 900, .excessive), ("99999999999999999999", 60, .unreadable),
    ] as [(String, Int64, TokenAnswer.LifetimeSource)])
  func lifetimes(value: String, seconds: Int64, source: TokenAnswer.LifetimeSource) throws {
    let answer = try read(#"{"access_token":"abc","expires_in":\#(value)}"#)
    #expect(answer.lifetime == seconds)
    #expect(answer.lifetimeSource == source)
  }

  @Test("a cautious lifetime is not longer than what was asked for")
  func cautiousLifetime() throws {
    #expect(try read(#"{"access_token":"abc","expires_in":0}"#, asked: 20).lifetime == 20)
  }

  @Test("no prefix and no damaged byte of an answer traps or passes for another token")
  func damaged() {
    let whole = Array(#"{"a":[{"b":"\u00e9"}],"access_token":"abc","expires_in":300}"#.utf8)
    for end in 0..<whole.count {
      let cut = Array(whole[..<end])
      #expect(throws: TokenAnswerDefect.self) {
        try read(cut)
      }
    }
    var random = SplitMix64(state: 1)
    for _ in 0..<20_000 {
      var damaged = whole
      for _ in 0...Int.random(in: 0...2, using: &random) {
        damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if let answer = try? read(damaged) {
        #expect(answer.token.count == 3 && answer.lifetime > 0)
      }
    }
  }

  @Test(
    "the error codes that matter are recognised, prose is not",
    arguments: [
      (#"{"error":"invalid_client"}"#, TokenErrorCode.invalidClient),
      (#"{"error_description":"x","error":"unauthorized_client"}"#, .invalidClient),
      (#"{"error":"invalid_scope"}"#, .invalidScope),
      (#"{"error":"Authorization Required."}"#, nil),
      (#"{"message":"Provided credentials are invalid"}"#, nil),
      (#"{"error":["invalid_scope"]}"#, nil),
      ("<html>", nil), ("", nil), (#"{"error":"invalid_client""#, nil),
    ] as [(String, TokenErrorCode?)])
  func errorCodes(body: String, code: TokenErrorCode?) {
    let bytes = Array(body.utf8)
    let found = TokenErrorCode(bytes.span.bytesOfElements)
    #expect(found == code)
  }
}
