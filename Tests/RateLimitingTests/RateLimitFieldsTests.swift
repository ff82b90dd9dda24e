import Memory
import Testing

@testable import RateLimiting

@Suite("RateLimit fields")
struct RateLimitFieldsTests {
  private func text(_ body: (inout ByteBuffer) -> Void) -> String {
    var out = ByteBuffer()
    body(&out)
    return out.bytes.text
  }

  @Test("say every policy that applies, and the state of the tightest")
  func admitted() throws {
    let settings = LimiterSettings(
      LimitRule(name: "app-writes", per: .app, rate: .perMinute(100), burst: 100),
      LimitRule(name: "slots", per: .app, concurrency: 200))
    let rig = try LimiterRig(settings)
    for tag in 0..<13 as Range<UInt64> { rig.offer(tag) }
    let fields = RateLimitFields(settings)
    #expect(
      text { fields.put(rig.lastReport, into: &$0) } == """
        RateLimit-Policy: "app-writes";q=100;w=60, "slots";q=200;qu="concurrent-requests"\r
        RateLimit: "app-writes";r=87;t=8\r\n
        """)
    rig.finishAll()
  }

  @Test("say nothing when no limit applies")
  func nothing() {
    #expect(text { RateLimitFields(LimiterSettings()).put(LimitReport(), into: &$0) } == "")
  }

  @Test("of a refusal name the limits in the way and repeat Retry-After")
  func refused() throws {
    let settings = LimiterSettings(
      LimitRule(name: "a\"b\\c\u{e9}", per: .app, rate: .perMinute(10), onExceed: .refuse))
    let fields = RateLimitFields(settings)
    var limiter = try Limiter(settings)
    let request = LimitedRequest(app: 0, caller: 0, operation: 0)
    let party = WaitingParty(loop: 0, tag: 0)
    var refusal: LimitRefusal?
    for _ in 0..<2 {
      switch limiter.admit(request, for: party, at: 0) {
      case .admitted(let permit, _): limiter.release(permit, at: 0)
      case .queued: break
      case .refused(let found): refusal = found
      }
    }
    let found = try #require(refusal)
    #expect(
      text { fields.put(found, into: &$0) } == """
        RateLimit-Policy: "a\\"b\\\\c??";q=10;w=60\r
        RateLimit: "a\\"b\\\\c??";r=0;t=6\r
        Retry-After: 6\r\n
        """)
  }

  @Test(
    "say windows in whole seconds, never more calls than there are",
    arguments: [
      (10, 100 * millisecond, 100, 1), (3, second * 3 / 2, 4, 2), (1, 86_400 * second, 1, 86_400),
      (7, second, 7, 1),
    ])
  func windows(count: Int64, period: Int64, calls: Int, seconds: Int) {
    let window = RateLimitFields.window(of: Quota(count: count, period: period, burst: 1))
    #expect(window == (calls, seconds))
  }
}
