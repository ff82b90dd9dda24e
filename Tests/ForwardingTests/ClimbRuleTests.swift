import SCORMCloudAPI
import Testing

@testable import Forwarding

/// When a refused call is repeated with a credential that may do more.
struct ClimbRuleTests {
  /// The verdict on a 403 to the first of three rungs, which can be sent again, after `change`.
  private static func verdict(
    _ change: (inout ClimbRule.Refusal) -> Void = { _ in }
  ) -> ClimbRule.Verdict {
    var refusal = ClimbRule.Refusal(
      status: 403, rung: 0, rungCount: 3, remembered: 0, isReplayable: true,
      hasRenewedToken: false, isResting: false)
    change(&refusal)
    return ClimbRule.verdict(on: refusal)
  }

  @Test("A 403 to an operation whose scope is inferred goes to the next rung")
  func next() {
    #expect(ClimbRuleTests.verdict() == .climb(to: 1))
    #expect(ClimbRuleTests.verdict { $0.rung = 1 } == .climb(to: 2))
  }

  @Test("A rung that worked for another call is taken at once, those between are left out")
  func remembered() {
    #expect(ClimbRuleTests.verdict { $0.remembered = 2 } == .climb(to: 2))
    #expect(
      ClimbRuleTests.verdict {
        $0.rung = 1
        $0.remembered = 1
      } == .climb(to: 2))
  }

  @Test("Behind the last rung there is nothing to try")
  func exhausted() { #expect(ClimbRuleTests.verdict { $0.rung = 2 } == .exhausted) }

  @Test("Without a ladder, without the request at hand, or while it rests, a refusal stays one")
  func stays() {
    #expect(ClimbRuleTests.verdict { $0.rungCount = 0 } == .stay)
    #expect(ClimbRuleTests.verdict { $0.rungCount = 1 } == .stay)
    #expect(ClimbRuleTests.verdict { $0.isReplayable = false } == .stay)
    #expect(ClimbRuleTests.verdict { $0.isResting = true } == .stay)
  }

  @Test("A 401 is a matter of scope only when the token had just been renewed because of one")
  func unauthorized() {
    #expect(ClimbRuleTests.verdict { $0.status = 401 } == .stay)
    #expect(
      ClimbRuleTests.verdict {
        $0.status = 401
        $0.hasRenewedToken = true
      } == .climb(to: 1))
  }

  @Test("No other status climbs", arguments: [200, 302, 400, 404, 407, 429, 500, 503])
  func others(status: Int) { #expect(ClimbRuleTests.verdict { $0.status = status } == .stay) }

  @Test(
    "What was judged by what it asks for shows that its credential was enough",
    arguments: [
      (200, true), (204, true), (302, true), (400, true), (404, true), (409, true), (401, false),
      (403, false), (429, false), (500, false), (503, false),
    ])
  func proves(status: Int, expected: Bool) {
    #expect(ClimbRule.proves(status: status) == expected)
  }
}

/// What is remembered about scopes.
struct ScopeMemoryTests {
  @Test("A rung that worked is kept for this operation of this app alone, and is news once")
  func worked() {
    var memory = ScopeMemory()
    #expect(memory.rungs.isEmpty)
    memory.climbed(app: 1, operation: 7)
    #expect(memory.rungs.isEmpty)
    let news = [1, 1].map { memory.worked(app: 1, operation: 7, rung: $0) }
    #expect(news == [true, false])
    #expect(memory.rungs.rung(app: 1, operation: 7) == 1)
    #expect(memory.rungs.rung(app: 0, operation: 7) == 0)
    #expect(memory.rungs.rung(app: 1, operation: 8) == 0)
    #expect(memory.climbedOperations.count == 1)
  }

  @Test("A rung goes up and never down")
  func monotonic() {
    var memory = ScopeMemory()
    let news = [2, 1].map { memory.worked(app: 0, operation: 160, rung: $0) }
    #expect(news == [true, false])
    #expect(memory.rungs.rung(app: 0, operation: 160) == 2)
  }

  @Test("When every rung was refused, nothing is learnt but a rest of a minute")
  func exhausted() {
    var memory = ScopeMemory()
    memory.exhausted(app: 0, operation: 3, at: 1000)
    let entry = memory.entry(app: 0, operation: 3)
    #expect(entry.rung == 0 && entry.restsUntil == 60_000_001_000 && memory.rungs.isEmpty)
  }
}

/// Which operations have a ladder, and its rungs.
struct LadderTests {
  @Test("Operations whose scope SCORM Cloud publishes have none")
  func published() {
    for operation in OperationTable.all where operation.hasDoubtfulScope {
      #expect(operation.certainty == .inferredHigh || operation.certainty == .inferredLow)
    }
    #expect(OperationTable.all.filter(\.hasDoubtfulScope).count == 130)
  }

  @Test("What is left to try are the other scopes of the operation, the narrowest first")
  func further() throws {
    let operation = try #require(OperationTable.named("TestRegistrationPostback"))
    let first = try #require(operation.scopes.first)
    let names = operation.furtherScopes(beyond: ScopeList(first)).map(\.name.description)
    #expect(names == ["write:registration", "read", "write"])
  }

  @Test("A planner that was told of a rung begins with it; other operations and apps do not")
  func planned() throws {
    let about = try #require(OperationTable.named("GetAbout"))
    var rules = ForwardingRules.sample
    for app in 0..<2 { rules.apps[app].ladders.set([.none, .basic], for: about.index) }
    var memory = ScopeMemory()
    let isNews = memory.worked(app: 0, operation: about.index, rung: 1)
    #expect(isNews)
    let gate = Gate(rules, rungs: memory.rungs)
    func plan(_ lines: String...) throws -> RequestPlan {
      let text = lines.joined(separator: "\r\n") + "\r\nHost: localhost\r\n\r\n"
      return try #require(gate.take(Array(text.utf8)).plan)
    }
    let climbed = try plan("GET /api/v2/about HTTP/1.1")
    #expect(climbed.credential == .basic && climbed.rung == 1)
    #expect(try plan("GET /api/v2/ping HTTP/1.1").rung == 0)
    #expect(try plan("GET /api/v2/about HTTP/1.1", "X-Scorm-App: second").rung == 0)
  }
}
