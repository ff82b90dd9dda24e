import Testing

@testable import Fleet

/// The modes of a fleet, as the store keeps them.
@Suite(
  .ownThread, .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct ModeScriptTests {
  private static let key = "{p}:modes"

  /// Loads the script with a clock that stands still at `seconds`.
  private func load(_ redis: borrowing RedisServer, at seconds: Int) throws -> String {
    let text = ModeScript.text.replacing("redis.call('TIME')", with: "{\(seconds), 0}")
    #expect(text != ModeScript.text)
    return try redis.load(text)
  }

  private func ask(
    _ script: String, _ known: ModeList, _ operation: String = "sync", _ target: String = "",
    _ mode: String = "", time: Int64 = 0
  ) -> [String] {
    ["EVALSHA", script, "1", ModeScriptTests.key]
      + known.words(
        operation, channel: "c", from: "g", target: target, mode: mode, time: time)
  }

  @Test("A mode is there until it is taken back, or until its time is over by the store's clock")
  func times() throws {
    let redis = try RedisServer()
    let (now, later) = (try load(redis, at: 1000), try load(redis, at: 1031))
    let answers = try redis.answers([
      ask(now, ModeList()),
      ask(now, ModeList(), "set", "*", "read-only"),
      ask(now, ModeList(), "set", "app|main", "frozen", time: 30 * second),
      ask(later, ModeList()),
      ask(later, ModeList(), "end", "*"),
    ])
    let lists = try answers.map { try #require(ModeList($0)) }
    #expect(lists[0] == ModeList())
    let all = SharedMode(target: .all, mode: "read-only", since: 1000 * second)
    let app = SharedMode(
      target: .app("main"), mode: "frozen", since: 1000 * second, until: 1030 * second,
      remaining: 30 * second)
    #expect(lists[2] == ModeList(version: 2, list: [all, app]))
    #expect(lists[3] == ModeList(version: 2, list: [all]))
    #expect(lists[4] == ModeList(version: 3))
  }

  @Test(
    "A store that has lost its memory takes over what a gateway knows, and nothing that is over")
  func forgets() throws {
    let redis = try RedisServer()
    let script = try load(redis, at: 1000)
    let kept = SharedMode(target: .caller("crm|x"), mode: "frozen", since: 900 * second)
    let over = SharedMode(
      target: .all, mode: "frozen", since: 900 * second, until: 999 * second, remaining: 0)
    let known = ModeList(version: 7, list: [over, kept])
    let answers = try redis.answers([
      ask(script, known), ask(script, ModeList()),
      // A gateway that was cut off and knows less takes the store's modes.
      ask(script, ModeList(version: 6, list: [over])),
      ["FLUSHALL"],
      // A mode that is set just after the loss is added to those that were known.
      ask(script, ModeList(), "set", "*", "read-only"),
      ask(script, known),
      // A mode that is ended after the loss stays ended.
      ["FLUSHALL"], ask(script, known, "end", "caller|crm|x"), ask(script, known),
    ])
    for place in 0...2 {
      #expect(ModeList(answers[place]) == ModeList(version: 7, list: [kept]))
    }
    let both = try #require(ModeList(answers[5]))
    #expect(both.version == 7)
    #expect(Set(both.list.map(\.target)) == [.all, kept.target])
    #expect(both.list.first { $0.target == .all }?.mode == "read-only")
    #expect(ModeList(answers[8]) == ModeList(version: 8))
  }

  @Test("What no gateway writes is no mode: names that would act on a terminal, times out of range")
  func read() {
    func list(_ field: String, _ value: String, _ left: String = "0") -> ModeList? {
      ModeList(.array((["ok", "1", field, value, left]).map { .bulk(Array($0.utf8)) }))
    }
    #expect(list("caller|crm", "frozen 5 0")?.list.first?.target == .caller("crm"))
    #expect(list("app|a|b", "frozen 5 9", "4")?.list.first?.remaining == 4000)
    for (field, value, left) in [
      ("caller|a\u{1B}[2J", "frozen 5 0", "0"), ("caller|a\nb", "frozen 5 0", "0"),
      ("limit|x", "frozen 5 0", "0"), ("*", "frozen 5", "0"), ("*", "frozen five 0", "0"),
      ("*", "frozen 5 0 0", "0"), ("*", "frozen 5 9", "-1"), ("*", "frozen -5 0", "0"),
      ("*", "frozen 5 9223372036854775807", "0"), ("*", "FROZEN\u{7} 5 0", "0"),
      ("*", "frozen 5 9", "x"), (String(repeating: "*", count: 600), "frozen 5 0", "0"),
    ] { #expect(list(field, value, left) == nil, "\(field) \(value) \(left)") }
    for value in [RESPValue.null, .integer(1), .array([]), .array([.bulk(Array("ok".utf8))])] {
      #expect(ModeList(value) == nil)
    }
  }

  @Test("Another program's value under the key is told, and stays as it is")
  func foreign() throws {
    let redis = try RedisServer()
    let script = try redis.load(ModeScript.text)
    for command in [
      ["SET", ModeScriptTests.key, "theirs"], ["HSET", ModeScriptTests.key, "name", "theirs"],
      ["HSET", ModeScriptTests.key, "#", "1", "*", "theirs"],
    ] {
      let answers = try redis.answers([
        ["DEL", ModeScriptTests.key], command, ["DUMP", ModeScriptTests.key],
        ask(script, ModeList(version: 0)), ask(script, ModeList(version: 0)),
        ["DUMP", ModeScriptTests.key],
      ])
      #expect(answers[3] == .array([.bulk(Array("foreign".utf8))]) && answers[4] == answers[3])
      #expect(ModeList(answers[3]) == nil)
      #expect(answers[2] == answers[5])
    }
  }
}
