import Testing

@testable import AccessTokens

@Suite("When tokens are renewed and fetches tried again")
struct RefreshScheduleTests {
  let schedule = RefreshSchedule()

  @Test(
    "a token is renewed at 70 to 80 % of its life, and where it is long enough 10 s before its end",
    arguments: [
      // lifetime, earliest and latest renewal, in milliseconds
      (900_000, 630_000, 720_000), (100_000, 70_000, 80_000), (40_000, 28_000, 30_000),
      (20_000, 14_000, 14_000), (5_000, 3_500, 3_500), (1_000, 700, 700),
    ] as [(Int64, Int64, Int64)])
  func renewal(life: Int64, earliest: Int64, latest: Int64) {
    let ms: Int64 = 1_000_000
    func renewAt(_ random: UInt64) -> Int64 {
      schedule.renewAt(requestedAt: 7 * second, lifetime: life * ms, random: random) - 7 * second
    }
    #expect(renewAt(0) == earliest * ms)
    #expect(renewAt(.max) == latest * ms)
    #expect((earliest * ms...latest * ms).contains(renewAt(.max / 3)))
  }

  @Test(
    "a token is not sent in the last min(5 s, 5 %) of its life",
    arguments: [(900, 895_000), (100, 95_000), (20, 19_000), (1, 950)] as [(Int64, Int64)])
  func margin(life: Int64, usable: Int64) {
    #expect(
      schedule.usableUntil(requestedAt: 3, lifetime: life * second) == 3 + usable * 1_000_000)
  }

  @Test("a life beyond the clock's range ends with it instead of wrapping round")
  func noOverflow() {
    #expect(schedule.usableUntil(requestedAt: .max - 5, lifetime: 100 * second) == .max)
    #expect(schedule.renewAt(requestedAt: .max - 5, lifetime: 100 * second, random: 0) == .max)
    #expect(
      schedule.retryAt(after: failure(), attempt: 3, now: .max - 5, random: .max) == .max)
  }

  @Test(
    "backoff doubles to 30 s with full jitter, and never falls below half a second",
    arguments: [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (7, 30), (1000, 30)] as [(Int, Int64)])
  func backoff(attempt: Int, ceiling: Int64) {
    func wait(_ random: UInt64) -> Int64 {
      schedule.retryAt(after: failure(), attempt: attempt, now: 50, random: random) - 50
    }
    #expect(wait(0) == second / 2)
    #expect(wait(.max) == ceiling * second)
    #expect(wait(.max / 2) <= ceiling * second / 2 + second / 2)
  }

  @Test(
    "a refusal that an operator has to lift is not repeated within 30 s",
    arguments: [
      TokenFailure.Reason.refusedCredential(status: 401), .refusedScope(status: 400),
      .refusedRequest(status: 400),
    ])
  func holdsOff(reason: TokenFailure.Reason) {
    let shortest = schedule.retryAt(after: failure(reason), attempt: 1, now: 0, random: 0)
    let longest = schedule.retryAt(after: failure(reason), attempt: 9, now: 0, random: .max)
    #expect(shortest == 30 * second)
    #expect(longest == 60 * second)
  }

  @Test(
    "Retry-After is honoured up to a minute, and never shortens the backoff",
    arguments: [(1, 0, 1), (10, 0, 10), (3600, 0, 60), (10, .max, 11), (1, .max, 30)]
      as [(Int64, UInt64, Int64)])
  func retryAfter(asked: Int64, random: UInt64, expected: Int64) {
    let attempt = asked == 1 && random == .max ? 9 : 1
    let limited = failure(.rateLimited, retryAfter: asked * second)
    #expect(
      schedule.retryAt(after: limited, attempt: attempt, now: 0, random: random)
        == expected * second)
  }

  @Test("our own Retry-After is whole seconds, rounded up, at least one")
  func secondsUntilRetry() {
    var late = failure()
    late.retryAt = 10 * second + 1
    #expect(late.secondsUntilRetry(at: 0) == 11)
    #expect(late.secondsUntilRetry(at: 10 * second) == 1)
    #expect(late.secondsUntilRetry(at: 500 * second) == 1)
  }
}
