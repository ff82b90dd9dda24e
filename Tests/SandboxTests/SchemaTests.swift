import LocalServer
import Testing

@testable import Sandbox

@Suite("Bodies as the official client's models have them")
struct SchemaTests {
  private func findings(_ json: String, _ schema: String) throws -> SchemaFindings {
    SchemaTable.ofClient.findings(
      try JSONValue(json: Array(json.utf8)), .schema(schema))
  }

  @Test(
    "Wrong types, missing fields and unknown ones are found with their place",
    arguments: [
      (#"{"courseId":"c","registrationId":"r","learner":{"id":"l"}}"#, [], []),
      (
        #"{"courseId":1,"registrationId":"r","learner":{"id":"l"}}"#, ["courseId must be a text"],
        []
      ),
      (#"{"courseId":"c","registrationId":"r"}"#, ["learner is required"], []),
      (
        #"{"courseId":"c","registrationId":"r","learner":{"id":"l","shoeSize":42},"x":1}"#, [],
        ["learner.shoeSize", "x"]
      ),
      (
        #"{"courseId":"c","registrationId":"r","learner":{"id":"l"},"learnerTags":["a",2]}"#,
        ["learnerTags[1] must be a text"], []
      ),
      (
        #"{"courseId":"c","registrationId":"r","learner":[],"postBack":{"authType":"fax"}}"#,
        [
          "learner must be an object",
          "postBack.authType must be one of UNDEFINED, FORM, HTTPBASIC",
        ],
        []
      ),
    ])
  func finds(json: String, faults: [String], unknown: [String]) throws {
    #expect(
      try findings(json, "CreateRegistrationSchema")
        == SchemaFindings(faults: faults, unknown: unknown))
  }

  @Test("Dates are taken with and without a zone, and given back in UTC")
  func dates() {
    var rig = Rig()
    rig.importCourse("c")
    _ = rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D"}"#)
    let body = #"""
      {"dispatches":[{"id":"p","data":{"destinationId":"d","courseId":"c",
       "expirationDate":"2030-01-01T02:00:00+02:00"}}]}
      """#
    #expect(rig.call("POST", "/dispatch/dispatches", body).status == 204)
    let date = rig.call("GET", "/dispatch/dispatches/p").json["expirationDate"]
    #expect(date == "2030-01-01T00:00:00.000Z")
    let wrong = #"{"expirationDate":"soon"}"#
    let refused = rig.call("PUT", "/dispatch/dispatches/p", wrong)
    #expect(refused.status == 400)
    #expect(refused.message == "expirationDate must be an ISO 8601 date.")
  }

  @Test("A body with a wrong type changes nothing")
  func changesNothing() {
    var rig = Rig()
    _ = rig.call("PUT", "/dispatch/destinations/d", #"{"name":"D"}"#)
    #expect(rig.call("PUT", "/dispatch/destinations/d", #"{"name":"E","notes":7}"#).status == 400)
    #expect(rig.call("GET", "/dispatch/destinations/d").json["name"] == "D")
    #expect(rig.call("GET", "/courses?includeTotalCount=perhaps").status == 400)
  }

  @Test(
    "Numbers are numbers and objects are objects in answers that clients of typed languages read")
  func answers() throws {
    var rig = Rig()
    let id =
      rig.call(
        "POST", "/xapi/credentials",
        #"{"name":"n","secret":"s","isEnabled":true,"auth":"BASICAUTH","permissionsLevel":"ROOT"}"#
      ).json["result"]?.string ?? ""
    for (path, schema) in [
      ("/xapi/credentials/\(id)", "XapiCredentialSchema"),
      ("/reporting/accountInfo", "ReportageAccountInfoSchema"),
      ("/appManagement/configuration?includeMetadata=true", "SettingListSchema"),
    ] {
      #expect(try findings(rig.call("GET", path).text, schema) == SchemaFindings(), "\(path)")
    }
  }
}
