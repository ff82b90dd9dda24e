import LocalServer
import Testing

@testable import Sandbox

@Suite("Applications and their credentials")
struct ApplicationTests {
  private func create(_ rig: inout Rig) -> (id: String, secret: String, credential: String) {
    let made = rig.call(
      "POST", "/appManagement/applications", #"{"name":"N"}"#, as: Rig.management)
    let id = made.json["id"]?.string ?? ""
    let credential = rig.call(
      "POST", "/appManagement/\(id)/credentials", #"{"name":"key"}"#, as: Rig.management
    ).json
    return (id, credential["credential"]?.string ?? "", credential["id"]?.string ?? "")
  }

  @Test("A new application has its own data, and goes when it is empty")
  func lifecycle() {
    // Client: DeleteApplication, "All content within an application must be removed".
    var rig = Rig()
    let (id, secret, _) = create(&rig)
    let own = Rig.basic(id, secret)
    rig.importCourse("c")
    #expect(rig.call("GET", "/courses/c", as: own).status == 404)
    let path = "/appManagement/applications/\(id)"
    #expect(
      rig.call("DELETE", "/appManagement/applications/SANDBOX", as: Rig.management).status == 400)
    #expect(rig.call("DELETE", path, as: Rig.management).status == 204)
    #expect(rig.call("GET", "/ping", as: own).status == 401)
    #expect(rig.call("GET", path, as: Rig.management).status == 404)
  }

  @Test("A credential that is switched off or deleted ends with its tokens")
  func credentials() {
    // Client: UpdateCredential, "Disabling a credential will cause it to no longer be valid".
    var rig = Rig()
    let (id, secret, credential) = create(&rig)
    let own = Rig.basic(id, secret)
    let token = rig.token("read", as: own)
    let path = "/appManagement/\(id)/credentials/\(credential)"
    #expect(rig.call("GET", "/ping", as: token).status == 200)
    for (body, status) in [(#"{"active":false}"#, 401), (#"{"active":true}"#, 200)] {
      #expect(rig.call("PUT", path, body, as: Rig.management).status == 204)
      #expect(rig.call("GET", "/ping", as: own).status == status)
      #expect(rig.call("GET", "/ping", as: token).status == status)
    }
    #expect(rig.call("DELETE", path, as: Rig.management).status == 204)
    #expect(rig.call("GET", "/ping", as: token).status == 401)
    #expect(rig.call("DELETE", path, as: Rig.management).status == 404)
  }

  @Test("An application that may not delete is refused each DELETE with 403")
  func allowDelete() {
    // Client: UpdateApplicationSchema.allowDelete.
    var rig = Rig()
    let (id, secret, _) = create(&rig)
    let path = "/appManagement/applications/\(id)"
    #expect(rig.call("PUT", path, #"{"allowDelete":false}"#, as: Rig.management).status == 204)
    let own = Rig.basic(id, secret)
    #expect(rig.call("DELETE", "/courses/none", as: own).status == 403)
    #expect(rig.call("GET", "/courses/none", as: own).status == 404)
  }

  @Test("A credential is only granted what it has")
  func grants() throws {
    // Client: CreateToken, "if the credentials used to request the token have the permissions being requested".
    var rig = Rig()
    let seed = #"""
      {"applications":[{"id":"A","credentials":[{"id":"k","secret":"s","scopes":["read:course"]}]},
       {"id":"B","secret":"t"},{"id":"M","management":true,"secret":"m"}]}
      """#
    #expect(rig.cloud.realm.restore(try JSONValue(json: Array(seed.utf8))) == [])
    let limited = Rig.basic("A", "s")
    #expect(rig.call("GET", "/courses", as: limited).status == 200)
    #expect(rig.call("GET", "/registrations", as: limited).status == 403)
    let form = "application/x-www-form-urlencoded"
    for (scope, status) in [("read%3Acourse", 200), ("write%3Acourse", 403), ("read", 403)] {
      let answer = rig.call(
        "POST", "/oauth/authenticate/application/token", "scope=\(scope)", as: limited, type: form)
      #expect(answer.status == status, "\(scope)")
    }
    func token(for name: String, as authorization: String) -> LocalResponse {
      let body: JSONValue = [
        "permissions": ["scopes": ["read:course"], "applicationName": .string(name)],
        "expiry": "2026-03-01T12:10:00Z",
      ]
      return rig.call("POST", "/appManagement/token", body.text, as: authorization)
    }
    #expect(token(for: "B", as: limited).status == 403)
    #expect(token(for: "none", as: limited).status == 404)
    let other = token(for: "B", as: Rig.basic("M", "m"))
    let bearer = "Bearer " + (other.json["result"]?.string ?? "")
    #expect(rig.call("GET", "/courses", as: bearer).status == 200)
  }
}
