import LocalServer
import SCORMCloudAPI
import Testing

@testable import Sandbox

@Suite("The same steps get the same bytes")
struct DeterminismTests {
  /// The whole content of an answer.
  private func record(_ answer: LocalResponse) -> String {
    let fields = answer.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
    let body = answer.kept.map { "\($0)" } ?? answer.text
    return "\(answer.status)\n\(fields)\n\(body)"
  }

  /// The actions of a team's tests: courses, registrations, progress, dispatches, tokens, faults, days that pass, and
  /// every operation once with an empty body.
  private func run() -> [String] {
    var rig = Rig { $0.clock = .frozen(1_772_366_400_000) }
    var seen: [String] = []
    func note(_ answer: LocalResponse) { seen.append(record(answer)) }
    seen.append(rig.token("read write"))
    let upload = rig.upload("courseId=golf&tags=a,b", ContentTests.golf)
    note(upload)
    seen.append(rig.finishImport(upload).text)
    for learner in ["ada", "alan"] {
      note(rig.register("r-\(learner)", course: "golf", learner: learner))
      note(
        rig.call(
          "POST", "/registrations/r-\(learner)/launchLink", #"{"redirectOnExitUrl":"Message"}"#))
    }
    note(
      rig.raw(
        "POST", "/sandbox/progress",
        #"{"registrationId":"r-ada","completion":"COMPLETED","success":"PASSED","score":90}"#,
        as: nil))
    note(
      rig.call(
        "POST", "/dispatch/destinations", #"{"destinations":[{"id":"d","data":{"name":"D"}}]}"#))
    note(
      rig.raw(
        "PUT", "/sandbox/faults",
        #"{"faults":[{"operation":"GetCourses","seed":7,"share":0.5,"status":503}]}"#, as: nil))
    for _ in 0..<20 { note(rig.call("GET", "/courses")) }
    note(rig.call("DELETE", "/courses/golf"))
    note(rig.raw("POST", "/sandbox/clock", #"{"advance":"2d"}"#, as: nil))
    for operation in OperationTable.all {
      let path = operation.template.description.split(separator: "/").map { part in
        part.hasPrefix("{") ? "golf" : String(part)
      }.joined(separator: "/")
      let caller = operation.credential == .management ? Rig.management : Rig.application
      note(rig.call(operation.method.name.description, "/" + path, "{}", as: caller))
    }
    for path in ["snapshot", "calls", "unread", "faults", "clock"] {
      note(rig.raw("GET", "/sandbox/" + path, as: nil))
    }
    return seen
  }

  @Test("All steps twice, with the same seed and a frozen clock, give the same bytes")
  func sameBytes() {
    let first = run()
    let second = run()
    #expect(first.count == second.count && first.count > 190)
    for (number, pair) in zip(first, second).enumerated() {
      #expect(pair.0 == pair.1, "step \(number)")
    }
  }

  @Test("After a reset the same steps get the same bytes again")
  func afterReset() {
    var rig = Rig { $0.clock = .frozen(1_772_366_400_000) }
    func steps() -> [String] {
      let upload = rig.upload("courseId=golf")
      let job = rig.finishImport(upload)
      return [record(upload), job.text, record(rig.register("r", course: "golf"))]
    }
    let first = steps()
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(first == steps())
  }
}
