import Foundation
import Testing

/// Concurrency places are released however a call ends.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(1)))
struct LimitsConcurrencyTests {
  enum Ending: CaseIterable, Sendable {
    case success, notFound, upstreamReset, responseTimeout, callerGone, noToken, noConnection
  }

  private static let limits = "{name: slots, per: gateway, concurrency: 2, maxWait: 9s}"

  @Test("A place is free again after every way in which a call can end", arguments: Ending.allCases)
  func ending(_ ending: Ending) throws {
    let upstream = try LimitsUpstream { number in
      guard number == 0 else { return .ok }
      switch ending {
      case .success, .noToken, .noConnection: return .ok
      case .notFound: return .status(404, "")
      case .upstreamReset: return .reset
      case .responseTimeout, .callerGone: return .silence
      }
    }
    defer { upstream.stop() }
    var overrides = ["upstream.responseTimeout": ending == .responseTimeout ? "200ms" : "8s"]
    if ending == .noConnection { overrides["upstream.url"] = "http://127.0.0.1:1/api/v2" }
    let rig = try GatewayRig(
      limits: LimitsConcurrencyTests.limits, upstream: upstream, overrides)
    if ending == .noToken { try rig.changeSandboxSecret(to: "another") }
    let wire = try rig.caller()
    try wire.send(Wire.request("POST", "/api/v2/courses/importJobs?courseId=a", body: "{}"))
    if ending == .callerGone {
      #expect(eventually { upstream.records.count == 1 })
      #expect(try inUse(rig) == 1)
      wire.reset()
    } else {
      let status = try wire.answer().status
      switch ending {
      case .success: #expect(status == 200)
      case .notFound: #expect(status == 404)
      case .upstreamReset, .noConnection: #expect(status == 502)
      case .responseTimeout: #expect(status == 504)
      case .noToken: #expect(status == 502)
      case .callerGone: break
      }
    }
    #expect(try eventually { try inUse(rig) == 0 })
  }

  @Test(
    "Calls beyond the places wait and start as others end; no more are ever under way",
    arguments: [1, 2])
  func queue(threads: Int) throws {
    let gate = Gate()
    let upstream = try LimitsUpstream { $0 < 2 ? .after(gate) : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: LimitsConcurrencyTests.limits, upstream: upstream, threads: threads)
    let wires = try rig.sendAtOnce(10)
    #expect(try eventually { try rig.waiting("slots") == 8 && upstream.records.count == 2 })
    #expect(try inUse(rig) == 2)
    gate.open()
    for wire in wires { #expect(try wire.answer().status == 200) }
    #expect(try eventually { try inUse(rig) == 0 })
    #expect(upstream.records.count == 10)
  }

  private func inUse(_ rig: GatewayRig) throws -> Int {
    try rig.limits().first { $0.string("limit") == "slots" }?.int("inUse") ?? -1
  }
}
