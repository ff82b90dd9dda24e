import Foundation
import Gateway
import System
import Testing

/// A pause that the upstream asks for: a 429 or 503 with Retry-After.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(1)))
struct LimitsPauseTests {
  private static func seconds(_ service: String) -> String {
    "scorm_gateway_upstream_pause_seconds{app=\"main\",service=\"\(service)\"}"
  }

  @Test(
    "A 429 of one service that asks for a day stops that service alone, until a second one is refused too"
  )
  func oneService() throws {
    // The second and the fifth call: reporting, then registrations.
    let upstream = try LimitsUpstream { number in
      switch number {
      case 1: .status(429, "Retry-After: 86400\r\n")
      case 4: .status(429, "Retry-After: 30\r\n")
      default: .ok
      }
    }
    defer { upstream.stop() }
    let rig = try GatewayRig(limits: "", upstream: upstream)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(try rig.call("GET", "/api/v2/reporting/accountInfo").status == 429)
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let refusal = try rig.call("GET", "/api/v2/reporting/accountInfo")
    #expect(refusal.status == 429 && refusal.problem == "quota-exceeded")
    #expect(try rig.metric(LimitsPauseTests.seconds("reporting")) ?? 0 > 3000)
    #expect(try rig.metric(LimitsPauseTests.seconds("all")) == 0)
    #expect(
      try rig.limits().contains {
        $0["service"] as? String == "reporting" && $0["pausedFor"] != nil
      })
    // With a second service, the whole app pauses while both pause.
    #expect(try rig.call("GET", "/api/v2/registrations").status == 429)
    #expect(try rig.call("GET", "/api/v2/ping").problem == "quota-exceeded")
    let all = try rig.metric(LimitsPauseTests.seconds("all")) ?? 0
    #expect(all > 20 && all <= 30)
    #expect(upstream.records.count == 5)
    // The operator sees the pause, and may end it.
    func admin(_ method: String, _ target: String) throws -> Answer {
      try Wire(port: try #require(rig.gateway.adminAddress?.port)).call(method, target)
    }
    let ready = try admin("GET", "/readyz?verbose")
    #expect(ready.status == 200 && ready.text.contains("main for "))
    #expect(ready.text.contains("main (reporting) for "))
    #expect(try admin("POST", "/api/limits/resume?app=nobody").status == 404)
    let resumed = try admin("POST", "/api/limits/resume?app=main")
    #expect(resumed.text == "{\"app\":\"main\",\"wasPaused\":true}\n")
    #expect(try rig.call("GET", "/api/v2/reporting/accountInfo").status == 200)
    #expect(try rig.metric(LimitsPauseTests.seconds("all")) == 0)
  }

  @Test(
    "After an upstream's 429 with Retry-After: 1 no request reaches it for a second, none is lost, and the rate ramps up",
    arguments: [1, 2])
  func pause(threads: Int) throws {
    // Nine calls are in progress. Once all have arrived, the fifth is asked to wait.
    let upstream = try LimitsUpstream { number in
      number > 8
        ? .ok
        : .onceArrived(9, number == 4 ? .status(429, "Retry-After: 1\r\nX-Own: yes\r\n") : .ok)
    }
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: reads, rate: 64/1s, burst: 20}", upstream: upstream, threads: threads)
    let answers = try rig.sendAtOnce(9).map { try $0.answer() }
    let told = answers.filter { $0.status == 429 }
    #expect(told.count == 1 && answers.filter { $0.status == 200 }.count == 8)
    // The answer itself is the upstream's, unchanged.
    #expect(told.first?["Retry-After"] == "1" && told.first?["X-Own"] == "yes")
    #expect(told.first?.text == "{}")

    let wires = try rig.sendAtOnce(60)
    #expect(try eventually { try rig.waiting("upstream-pause") > 50 })
    let pause = try rig.metric(LimitsPauseTests.seconds("course")) ?? 0
    #expect(pause > 0 && pause <= 1)
    #expect(try rig.limits().contains { $0["pausedFor"] != nil })
    for wire in wires { #expect(try wire.answer().status == 200) }

    let records = upstream.records
    #expect(records.count == 69)
    let saidAt = try #require(records[4].repliedAt)
    let after = records.dropFirst(9).map { $0.cameAt - saidAt }
    #expect((after.first ?? .zero) >= .seconds(1))
    // At first half of 64/s, without a burst. The limit alone would have let 60 calls pass at once.
    let firstHalf = after.filter { $0 < .milliseconds(1500) }.count
    #expect((8...20).contains(firstHalf), "\(firstHalf) in the first half second")
    #expect(
      (after.last ?? .zero) > .milliseconds(2500) && (after.last ?? .zero) < .milliseconds(3800))
    #expect(
      try rig.metric(
        "scorm_gateway_upstream_rate_ratio{app=\"main\",service=\"course\"}") ?? 1 < 1)
  }

  @Test(
    "A pause that comes without any limit configured holds too, and its calls are refused when it is long"
  )
  func withoutLimits() throws {
    let upstream = try LimitsUpstream { $0 == 0 ? .status(503, "Retry-After: 30\r\n") : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(limits: "", upstream: upstream)
    #expect(try rig.call("GET", "/api/v2/courses").status == 503)
    let refusal = try rig.call("GET", "/api/v2/courses")
    #expect(refusal.status == 429 && refusal.problem == "quota-exceeded")
    #expect([29, 30, 31].contains(refusal["Retry-After"].flatMap { Int($0) } ?? 0))
    #expect(refusal["RateLimit"] == nil)
    #expect(upstream.records.count == 1)
  }

  @Test("A 503 that names no time pauses nobody")
  func broken() throws {
    let upstream = try LimitsUpstream { $0 == 0 ? .status(503, "") : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(limits: "", upstream: upstream)
    #expect(try rig.call("GET", "/api/v2/courses").status == 503)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(try rig.metric(LimitsPauseTests.seconds("all")) == 0)
  }
}
