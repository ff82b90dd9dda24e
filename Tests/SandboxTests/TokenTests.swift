import LocalServer
import Testing

@testable import Sandbox

@Suite("Credentials and tokens")
struct TokenTests {
  static let form = "application/x-www-form-urlencoded"
  static let endpoint = "/oauth/authenticate/application/token"

  @Test("A token lives 300 seconds unless the request says otherwise, and not one more")
  func lifetime() {
    var rig = Rig()
    let answer = rig.call("POST", Self.endpoint, "scope=read%3Aping", type: Self.form)
    #expect(answer.status == 200)
    #expect(answer.json["expires_in"] == 300)
    #expect(answer.json["token_type"] == "bearer")
    let token = "Bearer " + (answer.json["access_token"]?.string ?? "")
    rig.time.advance(seconds: 299)
    #expect(rig.call("GET", "/ping", as: token).status == 200)
    rig.time.advance(seconds: 1)
    let late = rig.call("GET", "/ping", as: token)
    #expect(late.status == 401)
    #expect(late.json["error"]?.string?.contains("expired") == true)
    let longer = rig.call("POST", Self.endpoint, "scope=read&expiration=600", type: Self.form)
    #expect(longer.json["expires_in"] == 600)
  }

  @Test("Both endpoints issue the same kind of token")
  func otherEndpoint() {
    var rig = Rig()
    let answer = rig.call(
      "POST", "/appManagement/token",
      #"{"permissions":{"scopes":["read:course"]},"expiry":"2026-03-01T12:10:00Z"}"#)
    #expect(answer.status == 200)
    let token = "Bearer " + (answer.json["result"]?.string ?? "")
    #expect(rig.call("GET", "/courses", as: token).status == 200)
    #expect(rig.call("GET", "/registrations", as: token).status == 403)
    rig.time.advance(seconds: 600)
    #expect(rig.call("GET", "/courses", as: token).status == 401)
  }

  @Test(
    "A token request that cannot be met is answered with 400",
    arguments: [
      "", "scope=", "scope=read+fly", "scope=read&expiration=0", "scope=read&expiration=x",
      "scope=read&expiration=86401", "expiration=60",
    ])
  func refusesForm(form: String) {
    var rig = Rig()
    #expect(rig.call("POST", Self.endpoint, form, type: Self.form).status == 400)
  }

  @Test(
    "A token request in JSON that cannot be met is answered with 400",
    arguments: [
      "", "{}", "[]", #"{"permissions":{"scopes":["read"]}}"#,
      #"{"permissions":{"scopes":["read"]},"expiry":"soon"}"#,
      #"{"permissions":{"scopes":["read"]},"expiry":"2026-03-01T12:00:00Z"}"#,
      #"{"permissions":{"scopes":["read"]},"expiry":"2099-03-01T12:00:00Z"}"#,
      #"{"permissions":{"scopes":[]},"expiry":"2026-03-01T12:10:00Z"}"#,
      #"{"permissions":{"scopes":["fly"]},"expiry":"2026-03-01T12:10:00Z"}"#,
    ])
  func refusesJSON(body: String) {
    var rig = Rig()
    #expect(rig.call("POST", "/appManagement/token", body).status == 400)
  }

  @Test(
    "Credentials that are not valid are refused with 401",
    arguments: [
      Rig.basic("SANDBOX", "wrong"), Rig.basic("NOBODY", "sandbox-secret"), "Basic Og==", "Basic",
      "Basic !!", "Bearer ", "Bearer x", "Bearer a.b", "Bearer e30.e30", "Digest x", "",
    ])
  func refusesCredentials(authorization: String) {
    var rig = Rig()
    #expect(rig.call("GET", "/ping", as: authorization).status == 401)
    let token = rig.call("POST", Self.endpoint, "scope=read", as: authorization, type: Self.form)
    #expect(token.status == 401)
  }

  @Test("A wrong secret is named as in the real service")
  func wrongSecretText() {
    var rig = Rig()
    let answer = rig.call(
      "POST", Self.endpoint, "scope=read", as: Rig.basic("SANDBOX", "wrong"), type: Self.form)
    #expect(answer.json["error"]?.string?.hasPrefix("Provided credentials are invalid") == true)
  }

  @Test("A token with any byte changed is refused")
  func refusesForgery() {
    var rig = Rig()
    let token = Array(rig.token("read").utf8)
    for i in stride(from: 7, to: token.count, by: 5) {
      var forged = token
      forged[i] = forged[i] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(rig.call("GET", "/ping", as: String(decoding: forged, as: UTF8.self)).status == 401)
    }
    #expect(rig.call("GET", "/ping", as: String(decoding: token, as: UTF8.self)).status == 200)
  }

  @Test("Changing an application's secret ends its tokens and the old secret")
  func changedSecret() {
    var rig = Rig()
    let token = rig.token("read")
    let change = rig.raw("POST", "/sandbox/secret", #"{"app":"SANDBOX","secret":"new"}"#, as: nil)
    #expect(change.status == 204)
    #expect(rig.call("GET", "/ping", as: token).status == 401)
    #expect(rig.call("GET", "/ping").status == 401)
    #expect(rig.call("GET", "/ping", as: Rig.basic("SANDBOX", "new")).status == 200)
    let renewed = rig.token("read", as: Rig.basic("SANDBOX", "new"))
    #expect(rig.call("GET", "/ping", as: renewed).status == 200)
    _ = rig.raw("POST", "/sandbox/reset", as: nil)
    #expect(rig.call("GET", "/ping").status == 200)
  }

  @Test("An application sees nothing of another one")
  func separateApplications() {
    var rig = Rig { settings in
      settings.applications.append(
        SandboxApplication(id: "OTHER", secret: "other", kind: .application))
    }
    rig.importCourse("mine")
    #expect(rig.call("GET", "/courses/mine").status == 200)
    #expect(rig.call("GET", "/courses/mine", as: Rig.basic("OTHER", "other")).status == 404)
  }
}
