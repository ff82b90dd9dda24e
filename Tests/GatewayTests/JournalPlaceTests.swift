import Configuration
import Foundation
import Rules
import System
import Testing
import TrafficJournal

@testable import Gateway

@Suite("Where the journal is when nobody says", .ownThread)
struct JournalPlaceTests {
  private func settings(_ overrides: [String: String] = [:]) throws -> TrafficSettings {
    try ConfigurationSource.load(
      file: nil, environment: Environment(["SCORM_APP_ID": "A", "SCORM_SECRET_KEY": "canary"]),
      overrides: overrides
    ).settings.traffic
  }

  @Test("is the first folder that systemd names, else the usual one, else none with the reason")
  func places() throws {
    let folder = try OwnFolder()
    func place(_ variables: [String: String], usual: String = "/none") -> JournalPlace {
      .usual(Environment(variables), usualFolder: usual)
    }
    #expect(
      place(["STATE_DIRECTORY": "\(folder.path):/other"]) == .file(folder.path + "/traffic.sqlite"))
    #expect(place([:], usual: folder.path) == .file(folder.path + "/traffic.sqlite"))
    guard case .none(let reason) = place([:]) else { return #expect(Bool(false)) }
    #expect(reason.contains("/none"))
    // If the state folder cannot be used, the journal is not written elsewhere.
    guard case .none(let other) = place(["STATE_DIRECTORY": "/none"], usual: folder.path) else {
      return #expect(Bool(false))
    }
    #expect(other.contains("STATE_DIRECTORY"))
  }

  @Test(
    "a second gateway at the same file goes without and says so; once the first is gone it has it")
  func second() throws {
    let folder = try OwnFolder()
    let place = JournalPlace.file(folder.path + "/traffic.sqlite")
    let traffic = try settings()
    do {
      let (first, news) = try GatewayProcess.openJournal(traffic, at: place, tell: { _ in })
      #expect(first != nil && news.level == .info && news.text.contains("512MiB and 30d"))
      let (none, refusal) = try GatewayProcess.openJournal(traffic, at: place, tell: { _ in })
      #expect(none == nil && refusal.level == .warning)
      #expect(refusal.text.contains("another gateway"))
      first?.stop()
    }
    // A process that another test starts holds the claim's descriptor too, until it executes its program.
    var next: OpenJournal?
    #expect(
      try eventually {
        next = try GatewayProcess.openJournal(traffic, at: place, tell: { _ in }).0
        return next != nil
      })
    next?.stop()
  }

  @Test("null switches it off, wherever it could be")
  func off() throws {
    let folder = try OwnFolder()
    let (journal, news) = try GatewayProcess.openJournal(
      try settings(["traffic.journal.path": "null"]), at: .file(folder.path + "/traffic.sqlite"),
      tell: { _ in })
    #expect(journal == nil && news.text.contains("switches it off"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("what is wrong with a place that nobody asked for stops no start; with a named one it does")
  func unusable() throws {
    let (journal, news) = try GatewayProcess.openJournal(
      try settings(), at: .file("/none/traffic.sqlite"), tell: { _ in })
    #expect(journal == nil && news.level == .warning)
    #expect(throws: StartError.self) {
      try GatewayProcess.openJournal(
        try settings(["traffic.journal.path": "/none/traffic.sqlite"]), at: .none(""),
        tell: { _ in })
    }
  }
}

@Suite("What the operator is told")
struct OperatorNoticeTests {
  @Test("Each line has time and level, also those of a text with several")
  func lines() {
    let notice = OperatorNotice.error("NOT RELOADED:\ngateway.yaml:3:1: no such key\n")
    #expect(
      notice.lines(at: 1_795_521_600_004_999_999)
        == "2026-11-24T12:00:00.004Z error NOT RELOADED:\n"
        + "2026-11-24T12:00:00.004Z error gateway.yaml:3:1: no such key")
  }

  private static let second: Int64 = 1_000_000_000

  @Test("That the upstream cannot be reached is told once, and that it answers again")
  func upstream() {
    var watch = UpstreamWatch(name: "cloud.scorm.com:443")
    func look(_ answered: Int64, _ unanswered: Int64, at now: Int64) -> OperatorNotice? {
      let second = Self.second
      return watch.note(
        UpstreamWatch.Look(answeredAt: answered * second, unansweredAt: unanswered * second),
        at: now * second)
    }
    #expect(look(10, 0, at: 11) == nil)
    #expect(look(10, 12, at: 13) == nil)
    let lost = look(10, 14, at: 15)
    #expect(lost?.level == .warning && lost?.text.contains("came 5 s ago") == true)
    #expect(look(10, 16, at: 17) == nil)
    let back = look(18, 16, at: 19)
    #expect(back?.level == .info && back?.text.contains("4 s after") == true)
    #expect(look(20, 16, at: 21) == nil)
  }

  @Test("One request without an answer, or some between others that get one, is not told")
  func singleFailures() {
    var watch = UpstreamWatch(name: "cloud.scorm.com:443")
    for (answered, unanswered) in [(1, 2), (3, 2), (3, 4), (5, 6), (7, 8), (9, 8)]
      as [(Int64, Int64)]
    {
      #expect(
        watch.note(UpstreamWatch.Look(answeredAt: answered, unansweredAt: unanswered), at: 10)
          == nil)
    }
  }
}
