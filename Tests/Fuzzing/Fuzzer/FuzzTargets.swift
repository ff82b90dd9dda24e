/// The formats that the gateway reads from callers, upstreams and operators, each with its promises.
///
/// The checks are in the test targets of the modules that they judge (`Fuzzed` there), where the ordinary test suite
/// also runs every kept input.
enum FuzzTargets {
  struct Target: Sendable {
    /// The name in `corpus/` and `failures/`.
    let name: String
    /// Returns the promise that an input breaks, or nil. A trap breaks one too.
    let check: @Sendable (_ bytes: [UInt8]) -> String?
  }

  static let all = [
    Target(name: "request-head", check: RequestHeadPromises.broken),
    Target(name: "response-head", check: ResponseHeadPromises.broken),
    Target(name: "chunked-body", check: ChunkedBodyPromises.broken),
    Target(name: "path", check: PathPromises.broken),
    Target(name: "planned-request", check: PlannedRequestPromises.broken),
    Target(name: "json", check: JSONPromises.broken),
    Target(name: "page-walk", check: PageWalkPromises.broken),
    Target(name: "traffic-line", check: TrafficLinePromises.broken),
    Target(name: "token-answer", check: TokenAnswerPromises.broken),
    Target(name: "retry-after", check: RetryAfterPromises.broken),
    Target(name: "resp", check: RESPPromises.broken),
    Target(name: "configuration", check: ConfigurationPromises.broken),
  ]
}
