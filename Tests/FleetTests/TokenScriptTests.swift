import Testing

@testable import Fleet

/// The tokens of a fleet, as the store keeps them.
@Suite(
  .ownThread, .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct TokenScriptTests {
  private static let key = "{p}:token:app:read:mark"

  /// Loads the script with a clock that stands still at `seconds`.
  private func load(_ redis: borrowing RedisServer, at seconds: Int) throws -> String {
    try redis.load(TokenScript.text.replacing("redis.call('TIME')", with: "{\(seconds), 0}"))
  }

  private func ask(_ script: String, _ operation: String, by gateway: String, _ words: String...)
    -> [String]
  {
    ["EVALSHA", script, "1", TokenScriptTests.key, operation, "c", gateway] + words
  }

  private func look(_ script: String, by gateway: String) -> [String] {
    ask(script, "look", by: gateway, "\(TokenScript.claim / 1000)")
  }

  @Test("One gateway fetches while others wait for it, a second at most; then they take its token")
  func claims() throws {
    let redis = try RedisServer()
    let (now, soon, later) = (
      try load(redis, at: 1000), try load(redis, at: 1001), try load(redis, at: 1100)
    )
    let put = ask(now, "put", by: "a", "sealed", "t1", "200000000", "90000000", "name")
    let answers = try redis.answers([
      look(now, by: "a"), look(now, by: "b"), look(now, by: "a"),
      // The fetching gateway has disappeared, and another one takes its place.
      look(soon, by: "b"),
      ask(now, "release", by: "a", "name"), look(now, by: "c"),
      ask(now, "release", by: "b", "name"), look(now, by: "c"),
      put, look(now, by: "b"), look(later, by: "b"), look(later, by: "c"),
      ["PTTL", TokenScriptTests.key],
    ])
    let words = answers.map { TokenWord($0) }
    #expect(words[0] == .yours && words[1] == .wait(TokenScript.claim) && words[2] == .yours)
    #expect(words[3] == .yours)
    // A release by another gateway changes nothing.
    #expect(words[5] == .wait(TokenScript.claim) && words[7] == .yours)
    #expect(words[9] == .found(sealed: "sealed", remaining: 200 * second))
    // After the time in which it is taken, one gateway fetches the next token.
    #expect(words[10] == .yours && words[11] == .wait(TokenScript.claim))
    // The entry ends with the token, not with the claim.
    #expect((190_000...200_000).contains(answers[12].number ?? 0))
  }

  @Test("A token is dropped by who names it, and a newer one stays")
  func drops() throws {
    let redis = try RedisServer()
    let script = try load(redis, at: 1000)
    func put(_ mark: String) -> [String] {
      ask(script, "put", by: "a", "sealed " + mark, mark, "200000000", "90000000", "name")
    }
    let answers = try redis.answers([
      put("t1"), put("t2"), ask(script, "drop", by: "b", "t1"), look(script, by: "b"),
      ask(script, "drop", by: "b", "t2"), ["EXISTS", TokenScriptTests.key], look(script, by: "b"),
    ])
    #expect(TokenWord(answers[3]) == .found(sealed: "sealed t2", remaining: 200 * second))
    #expect(answers[5] == .integer(0))
    #expect(TokenWord(answers[6]) == .yours)
  }

  @Test("Another program's value is told, and stays as it is, whatever is asked")
  func foreign() throws {
    let redis = try RedisServer()
    let script = try redis.load(TokenScript.text)
    for command in [
      ["SET", TokenScriptTests.key, "theirs"], ["HSET", TokenScriptTests.key, "name", "theirs"],
      ["HSET", TokenScriptTests.key, "v", "theirs"],
      ["HSET", TokenScriptTests.key, "v", "theirs", "e", "soon", "f", "1"],
      ["HSET", TokenScriptTests.key, "c", "theirs"],
    ] {
      let answers = try redis.answers([
        ["DEL", TokenScriptTests.key], command, ["DUMP", TokenScriptTests.key],
        look(script, by: "a"),
        ask(script, "put", by: "a", "sealed", "t", "200000000", "90000000", "name"),
        ask(script, "drop", by: "a", "t"), ask(script, "release", by: "a", "name"),
        ["DUMP", TokenScriptTests.key],
      ])
      for place in 3...6 { #expect(TokenWord(answers[place]) == .foreign) }
      #expect(answers[2] == answers[7])
    }
  }

  @Test("What the script does not say is no word of it")
  func words() {
    func word(_ list: String...) -> TokenWord? {
      TokenWord(.array(list.map { .bulk(Array($0.utf8)) }))
    }
    #expect(word("found", "x", "5") == .found(sealed: "x", remaining: 5000))
    for other in [
      word(), word("found", "x"), word("found", "x", "-1"), word("found", "x", "99999999999999999"),
      word("wait", "1000001"), word("wait", "-1"), word("yours", "x"), word("ok"),
      TokenWord(.null), TokenWord(.integer(3)),
    ] { #expect(other == nil) }
  }
}
