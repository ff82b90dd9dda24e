import AccessTokens
import Configuration
import Forwarding
import Foundation
import RateLimiting
import Testing

@testable import Rules

/// The settings of a file with this text. Every secret is the variable `SECRET`.
func settings(_ yaml: String) throws -> Settings {
  let path = NSTemporaryDirectory() + "roster-\(UUID().uuidString).yaml"
  defer { try? FileManager.default.removeItem(atPath: path) }
  try yaml.write(toFile: path, atomically: false, encoding: .utf8)
  return try ConfigurationSource.load(file: path, environment: Environment(["SECRET": "secret"]))
    .settings
}

/// One app per line: name, id.
func apps(_ apps: (String, String)...) -> String {
  "apps:\n"
    + apps.map { "  - {name: \($0.0), id: \($0.1), secret: {env: SECRET}}\n" }.joined()
}

@Suite("A configuration's numbers over its changes")
struct RosterTests {
  /// A different set of scopes for each number.
  private static func scopes(_ number: UInt32) -> String {
    let all = ["course", "registration", "dispatch", "learner", "invitation", "ping"]
    return all.enumerated().filter { number >> $0.offset & 1 == 1 }
      .map { "\"read:\($0.element)\"" }.joined(separator: ", ")
  }

  private static func number(_ name: String, in roster: Roster) -> Int? {
    roster.apps.number { $0.app.name == name }
  }

  @Test("An app of another name is the same app; one of another id, or at another upstream, is not")
  func appIdentity() throws {
    let first = Roster(try settings(apps(("main", "A"))))
    let renamed = try first.next(settings(apps(("crm", "A"))), oldest: 1)
    #expect(Self.number("crm", in: renamed) == 0)
    let other = try first.next(settings(apps(("main", "B"))), oldest: 1)
    #expect(Self.number("main", in: other) == 1)
    let moved = try first.next(
      settings(apps(("main", "A")) + "upstream: {url: \"https://eu.example/api/v2\"}"), oldest: 1)
    #expect(Self.number("main", in: moved) == 1)
  }

  @Test("Two apps with one id are told apart by their names")
  func sameID() throws {
    let first = Roster(try settings(apps(("a", "X"), ("b", "X")) + "defaultApp: a"))
    let next = try first.next(settings(apps(("b", "X"), ("a", "X")) + "defaultApp: a"), oldest: 1)
    #expect(Self.number("a", in: next) == 0 && Self.number("b", in: next) == 1)
  }

  @Test(
    "A limit goes on with what it counted when its name, its rate or what it counts changes; not when its sharers do",
    arguments: [
      ("{name: b, per: app, match: {access: write}, rate: 10/1s}", 0),
      ("{name: a, per: app, match: {access: write}, rate: 99/1s}", 0),
      ("{name: a, per: app, rate: 10/1s}", 0),
      ("{name: a, per: caller, match: {access: write}, rate: 10/1s}", 1),
      ("{name: b, per: app, rate: 10/1s}", 1),
    ])
  func limitIdentity(limit: String, number: Int) throws {
    let first = Roster(
      try settings(
        apps(("main", "A"))
          + "limits: [{name: a, per: app, match: {access: write}, rate: 10/1s}]"))
    let next = try first.next(
      settings(apps(("main", "A")) + "limits: [\(limit)]"), oldest: 1)
    #expect(next.limits.order == [number])
  }

  @Test("Rules name an app that is gone for nobody, and keep what calls under way need of it")
  func goneApp() throws {
    let first = Roster(try settings(apps(("main", "A"), ("old", "B"))))
    let compiled = try RulesCompiler(first).compile()
    let second = try first.next(settings(apps(("main", "A"))), oldest: 1)
    let next = try RulesCompiler(second).compile(slots: compiled.slots, oldest: 1)
    #expect(next.rules.apps.map(\.isInForce) == [true, false])
    #expect(next.rules.apps[1].credentials == compiled.rules.apps[1].credentials)
    #expect(next.rules.callers[0].apps == [0])
    #expect(next.probes.map(\.app) == ["main"])
    // Its calls have ended: nothing of it is kept, and its slots are vacant.
    let third = try second.next(settings(apps(("main", "A"))), oldest: 2)
    let last = try RulesCompiler(third).compile(slots: next.slots, oldest: 2)
    #expect(last.rules.apps[1].credentials.isEmpty)
    #expect(last.slots.occupied.allSatisfy { last.slots[$0].app == 0 })
  }

  @Test(
    "Slots of tokens keep their numbers, and those of scopes that nobody asks for any more are used again"
  )
  func slots() throws {
    var roster = Roster(try settings(apps(("main", "A"))))
    var compiled = try RulesCompiler(roster).compile()
    let first = compiled.slots
    for generation in 2...50 as ClosedRange<UInt32> {
      roster = try roster.next(
        settings(
          apps(("main", "A")) + "tokens: {scopes: fixed, scopesList: [\(Self.scopes(generation))]}"),
        oldest: generation - 1)
      compiled = try RulesCompiler(roster).compile(slots: compiled.slots, oldest: generation - 1)
    }
    #expect(compiled.slots.count <= first.count + 2)
    roster = try roster.next(settings(apps(("main", "A"))), oldest: 50)
    compiled = try RulesCompiler(roster).compile(slots: compiled.slots, oldest: 50)
    let texts = Set(compiled.slots.occupied.map { compiled.slots[$0].scopes })
    #expect(Set(first.occupied.map { first[$0].scopes }).isSubset(of: texts))
  }

  @Test("More apps than there are places for are refused, with what to do")
  func full() throws {
    let many = (0..<60).map { ("a\($0)", "id-a\($0)") }
    let others = (0..<60).map { ("b\($0)", "id-b\($0)") }
    func yaml(_ list: [(String, String)]) -> String {
      "apps:\n"
        + list.map { "  - {name: \($0.0), id: \($0.1), secret: {env: SECRET}}\n" }.joined()
        + "defaultApp: \(list[0].0)\n"
    }
    let first = Roster(try settings(yaml(many)))
    let next = try settings(yaml(others))
    #expect(throws: Roster.Full.apps) { _ = try first.next(next, oldest: 1) }
    #expect(Roster.Full.apps.description.contains("reload again when those calls are over"))
  }

  @Test("Callers that are the first in the file take everybody's place from everybody")
  func firstCallers() throws {
    let first = Roster(try settings(apps(("main", "A"))))
    #expect(first.callers.inForce.map(\.item.name) == ["anonymous"])
    let next = try first.next(
      settings(
        apps(("main", "A"))
          + "callers: [{name: crm, match: {address: 10.0.0.0/8}, apps: [main], allow: [\"*\"]}]"),
      oldest: 1)
    let rules = try RulesCompiler(next).compile().rules
    #expect(rules.callers.map(\.name) == ["anonymous", "crm"])
    #expect(rules.callers.map(\.isInForce) == [false, true])
  }
}
