import Testing

@testable import SCORMCloudAPI

@Suite("Scopes")
struct ScopeTests {
  @Test("All 30 published scopes are known by their wire text")
  func names() {
    #expect(Scope.allCases.count == 30)
    #expect(Set(Scope.allCases.map(\.name.description)).count == 30)
    for scope in Scope.allCases { #expect(Scope(name: scope.name.description) == scope) }
    #expect(Scope(name: "read:everything") == nil)
    #expect(Scope(name: "") == nil)
  }

  @Test("A list keeps up to four scopes in order, each once when adding")
  func lists() {
    #expect(ScopeList().isEmpty)
    #expect(ScopeList().first == nil)
    #expect(ScopeList().text == "")
    let list = ScopeList(.read, .deleteXapipipe, .admin, .writeCourse)
    #expect(Array(list) == [.read, .deleteXapipipe, .admin, .writeCourse])
    #expect(list.text == "read delete:xapipipe admin write:course")
    #expect(list.adding(.readPing) == list)
    #expect(ScopeList(.read).adding(.read) == ScopeList(.read))
    #expect(ScopeList(.read).adding(.write) == ScopeList(.read, .write))
  }

  @Test("Every scope survives being packed", arguments: Scope.allCases)
  func packing(scope: Scope) {
    #expect(Array(ScopeList(scope)) == [scope])
    #expect(Array(ScopeList(.read, scope, scope, scope)) == [.read, scope, scope, scope])
  }

  @Test(
    "A service's token covers its reading or its changing operations",
    arguments: [
      ("GetCourses", "read:course"),
      ("SetCourseTitle", "write:course delete:course"),
      ("DeleteCourse", "write:course delete:course"),
      ("DeleteRegistrationProgress", "write:registration delete:registration"),
      ("PutLearnerTags", "write:learner"),
      ("UpdateLearnerInfo", "write:learner write:registration"),
      ("TestRegistrationPostback", "write:registration delete:registration read:registration"),
      ("GetXapiCredentials", "read:xapicredential"),
      ("DeleteStatementPipe", "write:xapipipe delete:xapipipe"),
      ("PingAppId", "read:ping"),
      ("DeleteAllLearnerData", "admin"),
      ("GetConnectorsList", "read"),
      ("GetAppToken", ""),
      ("GetLti13DispatchLaunch", ""),
    ])
  func serviceScopes(name: String, text: String) throws {
    #expect(try #require(OperationTable.named(name)).serviceScopes.text == text)
  }

  @Test("A service's token always holds the operation's own least scope")
  func serviceScopesSuffice() {
    for operation in OperationTable.all {
      if let least = operation.scopes.first {
        #expect(operation.serviceScopes.contains(least), "\(operation.name)")
      }
    }
  }

  @Test("A certainty tells what is published and what can be relied on")
  func certainty() {
    #expect(
      ScopeCertainty.allCases.filter(\.isPublished) == [
        .documented, .officialSample, .notApplicable,
      ])
    #expect(ScopeCertainty.allCases.filter { !$0.isSure } == [.inferredLow, .unknown])
  }

  @Test("Services are known by name", arguments: Service.allCases)
  func services(service: Service) {
    #expect(Service(name: service.name.description) == service)
    #expect(Service(name: service.name.description + "s") == nil)
  }
}
