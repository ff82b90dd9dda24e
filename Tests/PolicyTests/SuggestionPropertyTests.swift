import Configuration
import Foundation
import SCORMCloudAPI
import Testing
import TrafficLog

@testable import Policy

/// Random traces, judged by the compiler and the planner that handle real calls.
@Suite("A suggestion of a random trace")
struct SuggestionPropertyTests {
  /// A trace of calls that succeeded or were refused, of noise that must not count, and the part that counts.
  private struct Trace {
    var records: [TrafficRecord] = []
    /// The operations and apps of each caller.
    var operations: [String: Set<UInt8>] = [:]
    var apps: [String: Set<String>] = [:]
    var calls: [(caller: String, app: String, operation: SCORMCloudAPI.Operation)] = []

    init(seed: UInt64) {
      var random = SplitMix64(state: seed)
      let grantable = OperationTable.all.filter { !$0.isSensitive }
      for caller in ["crm", "lms", "batch"].prefix(Int.random(in: 1...3, using: &random)) {
        // Sometimes whole groups, so that they are suggested as groups.
        var wanted = Set(
          (0..<Int.random(in: 1...12, using: &random)).map { _ in
            grantable.randomElement(using: &random)!.index
          })
        for service in Service.allCases where Int.random(in: 0..<8, using: &random) == 0 {
          let access: SCORMCloudAPI.Operation.Access = Bool.random(using: &random) ? .read : .write
          wanted.formUnion(
            grantable.filter { $0.service == service && $0.access == access }.map(\.index))
        }
        if Int.random(in: 0..<10, using: &random) == 0 {
          wanted.formUnion(grantable.filter { $0.access == .read }.map(\.index))
        }
        let ordinary = Bool.random(using: &random) ? ["main"] : ["main", "second"]
        for index in wanted.sorted() {
          let operation = OperationTable.operation(at: index)
          let app: String
          if case .management = operation.credential {
            app = "management"
          } else {
            app = ordinary.randomElement(using: &random)!
          }
          let name = operation.name.description
          let isRefused = Bool.random(using: &random)
          records.append(
            isRefused
              ? .refused(name, caller: caller, app: app)
              : .call(
                name, caller: caller, app: app,
                status: [200, 204, 302].randomElement(using: &random)!))
          operations[caller, default: []].insert(index)
          apps[caller, default: []].insert(app)
          calls.append((caller, app, operation))
        }
        for _ in 0..<20 {
          let name = grantable.randomElement(using: &random)!.name.description
          records.append(
            [
              TrafficRecord.call(name, caller: caller, status: 404),
              .call(name, caller: caller, status: 500),
              .call(name, caller: caller, status: 0, termination: "upstream/connect"),
              .call(
                name, caller: caller, status: 403, error: "app-frozen",
                termination: "gateway/policy"),
              .call(
                name, caller: caller, status: 403, error: "host-refused",
                termination: "gateway/host"),
              .call(name, caller: caller, at: now - 31 * day),
            ].randomElement(using: &random)!)
        }
      }
      records.shuffle(using: &random)
    }
  }

  private static let open = """
    callers: [{name: other, match: {address: 10.0.0.1}, apps: [main], allow: []}]
    """

  private func suggestion(_ trace: Trace) throws -> PolicySuggestion {
    var wish = PolicySuggestion.Wish()
    wish.includesDestructive = true
    return try PolicySuggestion(
      tally(trace.records), against: settings(Self.open), wish: wish, now: now)
  }

  @Test(
    "applied, refuses none of its calls, and every call of an operation or through an app that is not among them",
    arguments: 0..<30)
  func exact(seed: Int) throws {
    let trace = Trace(seed: UInt64(seed))
    let applied = try settings(try suggestion(trace).yaml)
    let judge = try Judge(applied)
    #expect(Set(applied.callers.map(\.name)) == Set(trace.operations.keys))
    for call in trace.calls {
      #expect(
        try judge.allows(call.operation, app: call.app, caller: call.caller),
        "\(call.caller) \(call.operation.name) \(call.app)")
    }
    for (caller, operations) in trace.operations {
      for operation in OperationTable.all {
        for app in ["main", "second", "management"] {
          // Such an operation uses the App Management application, whatever app is named.
          let used: String
          if case .management = operation.credential { used = "management" } else { used = app }
          guard
            !operations.contains(operation.index) || !trace.apps[caller, default: []].contains(used)
          else { continue }
          #expect(
            try !judge.allows(operation, app: app, caller: caller),
            "\(caller) \(operation.name) \(app)")
        }
      }
    }
    let refuses = try PolicySimulation(
      tally(trace.records.filter { 200...399 ~= $0.status }), under: applied
    ).refusesSomebody
    #expect(!refuses)
  }

  @Test(
    "has no grant that is not needed: without any one of them a call is refused", arguments: 0..<15)
  func minimal(seed: Int) throws {
    let trace = Trace(seed: UInt64(1_000 + seed))
    let applied = try settings(try suggestion(trace).yaml)
    for (number, caller) in applied.callers.enumerated() {
      func refusesSomething(_ change: (inout Caller) -> Void) throws -> Bool {
        var less = applied
        change(&less.callers[number])
        let judge = try Judge(less)
        return try trace.calls.contains {
          try $0.caller == caller.name
            && !judge.allows($0.operation, app: $0.app, caller: caller.name)
        }
      }
      for place in caller.allow.indices {
        #expect(
          try refusesSomething { $0.allow.remove(at: place) },
          "\(caller.name) \(GrantList.text(caller.allow[place]))")
      }
      for place in caller.apps.indices {
        #expect(try refusesSomething { $0.apps.remove(at: place) }, "\(caller.apps[place])")
      }
    }
  }

  @Test("is the same whatever the order of the calls, and says what it said when it is made again")
  func stable() throws {
    let trace = Trace(seed: 7)
    var other = trace
    other.records.reverse()
    #expect(try suggestion(trace).yaml == suggestion(other).yaml)
    #expect(try suggestion(trace).json == suggestion(other).json)
  }
}
