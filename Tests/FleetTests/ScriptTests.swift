import Foundation
import Memory
import Testing

@testable import Fleet

/// The script as the store runs it, compared with the model that the simulation uses.
@Suite(
  .ownThread, .serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct ScriptTests {
  @Test("The script and its model give the same answers, whatever is asked in whatever order")
  func sameAnswers() throws {
    let redis = try RedisServer()
    // The store's clock is replaced by the test's.
    let text = LeaseScript.text.replacing(
      "redis.call('TIME')", with: "{math.floor(ARGV[18] / 1000000), ARGV[18] % 1000000}")
    #expect(text != LeaseScript.text)
    let sha = try redis.load(text)
    for seed in 0..<12 as Range<UInt64> {
      var random = SplitMix64(state: seed)
      var model = ModelStore()
      var terms = LeaseTerms(
        count: [0, 100][Int(seed % 3 == 0 ? 0 : 1)], period: second,
        burst: [1, 3, 20].randomElement(using: &random)!, places: [7, 0, 2][Int(seed % 3)],
        content: "x")
      if terms.count == 0 { terms.burst = 0 }
      var time: Int64 = 1_700_000_000_000_000
      var commands: [[String]] = []
      var expected: [RESPValue] = []
      var numbers = [Int64](repeating: 0, count: 5)
      for _ in 0..<150 {
        time += Int64.random(in: -20_000...600_000, using: &random)
        let member = Int.random(in: 0..<5, using: &random)
        if Int.random(in: 0..<10, using: &random) > 0 { numbers[member] += 1 }
        let known = model.members["m\(member)"]?.granted ?? (f: 0.0, b: 0.0, p: 0.0)
        // Mostly it holds what it was granted, sometimes less.
        let holds = Int.random(in: 0..<5, using: &random) > 0
        let request = LeaseRequest(
          number: numbers[member],
          acknowledged: numbers[member] - Int64.random(in: 1...2, using: &random),
          held: holds
            ? LeasePart(
              fraction: Int64(known.f), burst: Int64(known.b), places: Int64(known.p))
            : LeasePart(),
          owed: Int64.random(in: 0...3000, using: &random),
          want: [0, 0, 900, 40_000, 300_000].randomElement(using: &random)!,
          wantedPlaces: Int64.random(in: 0...4, using: &random))
        var asked = terms
        if Int.random(in: 0..<30, using: &random) == 0 { asked.content = "y" }
        let words =
          Int.random(in: 0..<12, using: &random) == 0
          ? request.leavingWords("m\(member)", asked, validity: 2 * second, used: 500)
          : request.words("m\(member)", asked, validity: 2 * second) + ["0"]
        expected.append(model.ask(words, at: time))
        commands.append(["EVALSHA", sha, "1", "{p}:limit:\(seed)"] + words + ["\(time)"])
      }
      let answers = try redis.answers(commands)
      for (index, answer) in answers.enumerated() where answer != expected[index] {
        Issue.record(
          "seed \(seed), question \(index): \(commands[index]): \(answer), not \(expected[index])")
        break
      }
    }
  }

  @Test("Another program's value under a key is told, and stays as it is")
  func foreign() throws {
    let redis = try RedisServer()
    let sha = try redis.load(LeaseScript.text)
    let request = LeaseRequest(
      number: 1, acknowledged: 0, held: LeasePart(), owed: 0, want: 0, wantedPlaces: 0)
    let words = request.words(
      "m", LeaseTerms(count: 1, period: second, burst: 1, places: 0, content: "x"),
      validity: second)
    let answers = try redis.answers([
      ["SET", "text", "theirs"], ["HSET", "hash", "name", "theirs"],
      ["HSET", "odd", "v", "1", "c", "x", "t", "1", "d", "0", "o", "0", "m:a", "1 2"],
      ["EVALSHA", sha, "1", "text"] + words, ["EVALSHA", sha, "1", "hash"] + words,
      ["EVALSHA", sha, "1", "odd"] + words, ["GET", "text"],
    ])
    #expect(answers[3...5].allSatisfy { LeaseAnswer($0) == .foreign })
    #expect(answers[6].text == "theirs")
  }

  @Test("A pause is the longest that any gateway was told, and is over when its time is")
  func pauses() throws {
    let redis = try RedisServer()
    let sha = try redis.load(
      PauseScript.text.replacing(
        "redis.call('TIME')", with: "{math.floor(ARGV[7] / 1000000), ARGV[7] % 1000000}"))
    func ask(_ words: [String], at time: Int) -> [String] {
      ["EVALSHA", sha, "1", "{p}:pauses"] + words + ["\(time)"]
    }
    let answers = try redis.answers([
      ask(["set", "c", "a", "app|xapi", "5000000", "8"], at: 1_000_000),
      ask(["set", "c", "b", "app|xapi", "1000000", "4"], at: 1_000_000),
      ask(["sync", "c", "b", "", "", ""], at: 3_000_000),
      ask(["sync", "c", "b", "", "", ""], at: 6_000_001),
      ask(["set", "c", "a", "app|xapi", "5000000", "8"], at: 7_000_000),
      ask(["set", "c", "a", "other|*", "5000000", "8"], at: 7_000_000),
      ask(["end", "c", "a", "app|", "", ""], at: 7_000_000),
    ])
    let lists = try answers.map { try #require(SharedPause.list($0)) }
    #expect(
      lists[2] == [SharedPause(name: "app|xapi", remaining: 3 * second, level: 4)])
    #expect(lists[3].isEmpty)
    #expect(lists[6].map(\.name) == ["other|*"])
  }
}

extension RedisServer {
  func load(_ script: String) throws -> String {
    let value = try answers([["SCRIPT", "LOAD", script]])[0]
    guard let sha = value.text else { throw Failure(text: "\(value)") }
    return sha
  }

  func answers(_ commands: [[String]]) throws -> [RESPValue] {
    let bytes = Array(try run(commands))
    var reader = RESPReader()
    var values: [RESPValue] = []
    var position = 0
    while let value = try reader.next(bytes.span.bytesOfElements, from: &position) {
      values.append(value)
    }
    return Array(values.prefix(commands.count))
  }
}
