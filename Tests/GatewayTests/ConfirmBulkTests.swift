import Foundation
import Gateway
import System
import Testing

/// `policy.confirmBulk`, from the configuration to the sandbox.
@Suite("A change to many records", .ownThread, .timeLimit(.minutes(1)))
struct ConfirmBulkTests {
  private static let path = "/api/v2/dispatch/dispatches?courseId=none"

  @Test("is made with the number of records that the sandbox counts, and with no other")
  func confirmed() throws {
    let rig = try GatewayRig(["policy.confirmBulk": "true"])
    let refused = try rig.call("DELETE", Self.path)
    #expect(refused.status == 403 && refused.problem == "confirmation-needed")
    #expect(refused.text.contains("X-Scorm-Confirm: 0."))
    #expect(try rig.call("DELETE", Self.path, ["X-Scorm-Confirm: 1"]).status == 403)
    #expect(try rig.call("DELETE", Self.path, ["X-Scorm-Confirm: 0"]).status == 204)
    let methods = try rig.sandboxCalls().map { $0["method"] as? String }
    #expect(methods.filter { $0 == "DELETE" }.count == 1)
    let admin = try Wire(port: try #require(rig.gateway.adminAddress?.port))
    let explained = try admin.call("GET", "/api/explain?method=DELETE&path=\(Self.path)").json
    #expect(explained["confirmed_by"] as? String == "GetDispatches")
    #expect(explained["allowed"] as? Bool == true)
  }

  @Test("needs no number unless the configuration says so")
  func off() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("DELETE", Self.path).status == 204)
  }
}
