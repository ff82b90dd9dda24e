import LocalServer
import Testing

@testable import Sandbox

@Suite("Answers that carry secrets")
struct SecretBearingTests {
  @Test("An xAPI credential keeps the secret that it was made with until it is changed")
  func xapiCredential() throws {
    var rig = Rig()
    let body = #"{"name":"n","secret":"s3cret","auth":"OAUTH","isEnabled":false}"#
    let id = try #require(rig.call("POST", "/xapi/credentials", body).json["result"]?.string)
    let path = "/xapi/credentials/\(id)"
    #expect(rig.call("GET", path).json["secret"] == "s3cret")
    #expect(rig.call("GET", path).json["isEnabled"] == false)
    #expect(rig.call("PUT", path, #"{"secret":"other"}"#).status == 204)
    let list = rig.call("GET", "/xapi/credentials").json["xapiCredentials"]?.elements
    #expect(list?.map { $0["secret"] } == ["other"])
    #expect(list?.first?["auth"] == ["xapiCredentialAuthType": "OAUTH"])
    #expect(rig.call("PUT", path, #"{"auth":"NONE"}"#).status == 400)
    #expect(rig.call("DELETE", path, "{}").status == 204)
    #expect(rig.call("GET", path).status == 404)
  }

  @Test("App Management tells an application's secret, to its own credential only")
  func credentials() {
    var rig = Rig()
    let path = "/appManagement/SANDBOX/credentials"
    let answer = rig.call("GET", path, as: Rig.management).json["credentials"]?.elements?.first
    #expect(answer?["credential"] == "sandbox-secret")
    #expect(rig.call("GET", path).status == 403)
    #expect(rig.call("GET", "/appManagement/NONE/credentials", as: Rig.management).status == 404)
  }

  @Test("App Management lists the ordinary applications, also in the deprecated way")
  func applications() {
    var rig = Rig()
    for path in ["/appManagement/applicationList", "/appManagement/applications"] {
      let list = rig.call("GET", path, as: Rig.management).json["applications"]?.elements
      #expect(list?.compactMap { $0["id"]?.string } == ["SANDBOX"])
    }
    let info = rig.call("GET", "/appManagement/applications/SANDBOX", as: Rig.management)
    #expect(info.json["allowDelete"] == true)
  }
}
