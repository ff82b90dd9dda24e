import LocalServer
import Testing

@testable import Sandbox

@Suite("Faults strike the calls that they are meant for")
struct FaultTests {
  /// Sets one fault.
  private func put(_ fault: String, _ rig: inout Rig) -> LocalResponse {
    rig.raw("PUT", "/sandbox/faults", #"{"faults":[\#(fault)]}"#, as: nil)
  }

  private func statuses(_ count: Int, _ rig: inout Rig) -> [Int] {
    var statuses: [Int] = []
    for _ in 0..<count { statuses.append(rig.call("GET", "/ping").status) }
    return statuses
  }

  @Test("A status strikes the first calls, and the hits are counted")
  func times() {
    var rig = Rig()
    let answer = put(#"{"operation":"PingAppId","times":2,"status":503,"retryAfter":3}"#, &rig)
    #expect(answer.status == 200)
    let first = rig.call("GET", "/ping")
    #expect(first.status == 503 && first.field("Retry-After") == "3")
    #expect(first.field("X-Sandbox-Fault") == "1" && first.message != nil)
    #expect(statuses(3, &rig) == [503, 200, 200])
    let fault = rig.raw("GET", "/sandbox/faults", as: nil).json["faults"]?.elements?.first
    #expect(fault?["hits"] == 2 && fault?["seen"] == 4 && fault?["over"] == true)
    #expect(fault?["operation"] == "PingAppId" && fault?["status"] == 503)
  }

  @Test("after lets calls pass, every picks each so manieth")
  func afterAndEvery() {
    var rig = Rig()
    _ = put(#"{"operation":"PingAppId","after":2,"every":3,"status":500}"#, &rig)
    #expect(statuses(8, &rig) == [200, 200, 200, 200, 500, 200, 200, 500])
  }

  @Test("A share is the same calls each time, and another seed's are others")
  func share() {
    func run(_ seed: Int) -> [Int] {
      var rig = Rig()
      _ = put(#"{"operation":"PingAppId","seed":\#(seed),"share":0.3,"status":500}"#, &rig)
      return statuses(200, &rig)
    }
    let first = run(42)
    #expect(first == run(42))
    #expect(first != run(43))
    #expect((30...90).contains(first.count { $0 == 500 }))
  }

  @Test("A fault ends with its ttl")
  func ttl() {
    var rig = Rig()
    _ = put(#"{"operation":"PingAppId","ttl":"60s","status":500}"#, &rig)
    #expect(statuses(1, &rig) == [500])
    _ = rig.raw("POST", "/sandbox/clock", #"{"advance":"60s"}"#, as: nil)
    #expect(statuses(1, &rig) == [200])
    let fault = rig.raw("GET", "/sandbox/faults", as: nil).json["faults"]?.elements?.first
    #expect(fault?["over"] == true)
  }

  @Test("A refused token request speaks SCORM Cloud's language: an error, not a message")
  func dialect() {
    var rig = Rig()
    _ = put(#"{"operation":"GetAppToken","status":401,"times":1}"#, &rig)
    let answer = rig.call(
      "POST", "/oauth/authenticate/application/token", "scope=read",
      type: "application/x-www-form-urlencoded")
    #expect(answer.status == 401 && answer.json["error"]?.string != nil)
    #expect(!rig.token("read").hasPrefix("Bearer none"))
  }

  @Test("A status and a reset leave no trace, an answer cut short has had its effect")
  func effects() {
    var rig = Rig()
    rig.importCourse("c")
    for (fault, status) in [(#""status":503"#, 404), (#""fault":"reset""#, 404)] {
      _ = put(#"{"operation":"CreateRegistration",\#(fault)}"#, &rig)
      _ = rig.register("r", course: "c")
      #expect(rig.call("GET", "/registrations/r").status == status)
    }
    _ = put(#"{"operation":"CreateRegistration","fault":"reset","at":0.5}"#, &rig)
    let answer = rig.register("r", course: "c")
    #expect(answer.delivery?.cut == .resetAfter(0))
    #expect(rig.call("GET", "/registrations/r").status == 200)
  }

  @Test("What goes wrong on the way is asked of the server")
  func deliveries() {
    var rig = Rig()
    let whole = rig.call("GET", "/ping")
    let length = whole.bytes.count
    _ = put(#"{"operation":"PingAppId","fault":"truncate","at":0.5}"#, &rig)
    #expect(rig.call("GET", "/ping").delivery?.cut == .closeAfter(length / 2))
    _ = put(#"{"operation":"PingAppId","fault":"truncate","at":1}"#, &rig)
    #expect(rig.call("GET", "/ping").delivery?.cut == .closeAfter(length - 1))
    _ = put(#"{"operation":"PingAppId","fault":"delay","ms":800}"#, &rig)
    let late = rig.call("GET", "/ping")
    #expect(late.delivery?.delay == 800_000_000 && late.bytes == whole.bytes)
    _ = put(#"{"operation":"PingAppId","fault":"dribble","ms":900}"#, &rig)
    let dribble = rig.call("GET", "/ping")
    #expect(dribble.delivery?.pieces == 10 && dribble.delivery?.pause == 100_000_000)
    _ = put(#"{"operation":"PingAppId","fault":"malformed"}"#, &rig)
    let malformed = rig.call("GET", "/ping")
    #expect(malformed.status == 200 && malformed.json == .null && !malformed.bytes.isEmpty)
  }

  @Test("Faults are put whole or not at all, and every mistake is told with its place")
  func mistakes() {
    var rig = Rig()
    _ = put(#"{"operation":"PingAppId","status":500}"#, &rig)
    let answer = rig.raw(
      "PUT", "/sandbox/faults",
      #"""
      {"faults":[{"operation":"pingappid","status":500},{"operation":"GetCourse"},
      {"operation":"GetCourse","status":200},{"operation":"GetCourse","fault":"melt"},
      {"operation":"GetCourse","status":500,"colour":"red"},
      {"operation":"GetCourse","fault":"delay"},{"operation":"GetCourse","status":500,"share":2},
      {"operation":"GetCourse","status":500,"ttl":"soon"},7]}
      """#, as: nil)
    #expect(answer.status == 400)
    let problems = answer.json["problems"]?.strings ?? []
    for (number, word) in [
      (0, "PingAppId"), (1, "either"), (2, "status"), (3, "one of"), (4, "colour"), (5, "ms"),
      (6, "share"), (7, "ttl"), (8, "object"),
    ] {
      #expect(
        problems.contains { $0.hasPrefix("faults[\(number)]") && $0.contains(word) },
        "\(number) \(word)")
    }
    #expect(statuses(1, &rig) == [500])
  }

  @Test("The list that was read can be put again; DELETE and reset end all faults")
  func again() {
    var rig = Rig()
    _ = put(#"{"operation":"PingAppId","status":500}"#, &rig)
    #expect(statuses(1, &rig) == [500])
    let list = rig.raw("GET", "/sandbox/faults", as: nil).text
    #expect(rig.raw("PUT", "/sandbox/faults", list, as: nil).status == 200)
    #expect(statuses(1, &rig) == [500])
    #expect(rig.raw("DELETE", "/sandbox/faults", as: nil).status == 204)
    #expect(statuses(1, &rig) == [200])
    _ = put(#"{"operation":"PingAppId","status":500}"#, &rig)
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(statuses(1, &rig) == [200])
  }

  @Test("The journal tells which fault struck a call")
  func journal() {
    var rig = Rig()
    _ = put(#"{"operation":"PingAppId","fault":"reset","times":1}"#, &rig)
    _ = rig.call("GET", "/ping")
    _ = rig.call("GET", "/ping")
    let calls = rig.raw("GET", "/sandbox/calls").json["calls"]?.elements ?? []
    #expect(calls.map { $0["fault"] } == [1, .null])
  }
}
