import Testing

@testable import SCORMCloudAPI

@Suite("Operation table")
struct OperationTableTests {
  static func names(where holds: (Operation) -> Bool) -> Set<String> {
    Set(OperationTable.all.filter(holds).map(\.name.description))
  }

  @Test("All 161 operations stand at their index under a unique name and route")
  func identity() {
    let all = OperationTable.all
    #expect(all.count == 161)
    #expect(all.indices.allSatisfy { Int(all[$0].index) == $0 })
    #expect(Set(all.map(\.name.description)).count == 161)
    #expect(Set(all.map { "\($0.method.name) \($0.template)" }).count == 161)
    #expect(OperationTable.named("GetCourses")?.template.description == "/courses")
    #expect(OperationTable.named("getCourses") == nil)
    #expect(all.allSatisfy { OperationTable.named($0.name.description)?.index == $0.index })
  }

  @Test(
    "Each kind of credential is accepted by as many operations as the clients say",
    arguments: [
      (CredentialKind.application, 148), (.management, 10), (.eitherApplication, 2), (.none, 1),
    ])
  func credentialKinds(kind: CredentialKind, count: Int) {
    #expect(OperationTable.all.count { $0.credential == kind } == count)
  }

  @Test(
    "Each service has as many operations as in the clients",
    arguments: [
      (Service.about, 1), (.applicationManagement, 14), (.authentication, 1),
      (.contentConnectors, 4), (.course, 37), (.dispatch, 41), (.invitations, 16), (.learner, 6),
      (.ping, 1), (.registration, 27), (.reporting, 3), (.xapi, 10),
    ])
  func services(service: Service, count: Int) {
    #expect(OperationTable.all.count { $0.service == service } == count)
  }

  @Test(
    "The catalogue says how sure each scope is",
    arguments: [
      (ScopeCertainty.documented, 15), (.officialSample, 9), (.inferredHigh, 116),
      (.inferredLow, 14), (.unknown, 4), (.notApplicable, 3),
    ])
  func certainties(certainty: ScopeCertainty, count: Int) {
    #expect(OperationTable.all.count { $0.certainty == certainty } == count)
  }

  @Test("Operations that take tokens have scopes, least privileged first; the others have none")
  func scopes() {
    func rank(_ scope: Scope) -> Int {
      scope == .admin ? 2 : scope.name.description.contains(":") ? 0 : 1
    }
    for operation in OperationTable.all {
      let takesTokens = [.application, .management].contains(operation.credential)
      #expect(operation.scopes.isEmpty != takesTokens, "\(operation.name)")
      #expect((operation.certainty == .notApplicable) != takesTokens, "\(operation.name)")
      let ranks = operation.scopes.map(rank)
      #expect(ranks == ranks.sorted(), "\(operation.name)")
      #expect(Set(operation.scopes).count == operation.scopes.count, "\(operation.name)")
    }
  }

  @Test(
    "Documented exceptions to method and scope are kept",
    arguments: [
      ("BuildCoursePreviewLaunchLink", "read:course read", Operation.Access.read),
      ("BuildRegistrationLaunchLink", "read:registration read", .read),
      ("DeleteInvitationTags", "write:invitation", .write),
      ("DeleteLearnerTags", "write:learner", .write),
      ("DeleteAllLearnerData", "admin", .write),
      ("CreateApplication", "write:appmgmt", .write),
      ("CreateNewRegistrationInstance", "write:registration write", .write),
      ("TestRegistrationPostback", "read:registration write:registration read write", .write),
    ])
  func exceptions(name: String, scopes: String, access: Operation.Access) throws {
    let operation = try #require(OperationTable.named(name))
    #expect(operation.scopes.text == scopes)
    #expect(operation.access == access)
  }

  @Test("Only building launch links reads by POST; GET and HEAD always read")
  func access() {
    for operation in OperationTable.all where [.get, .head].contains(operation.method) {
      #expect(operation.access == .read, "\(operation.name)")
    }
    let readingPosts = Self.names { $0.access == .read && ![.get, .head].contains($0.method) }
    #expect(
      readingPosts == [
        "BuildCoursePreviewLaunchLink", "BuildCoursePreviewLaunchLinkWithVersion",
        "BuildRegistrationLaunchLink",
      ])
  }

  @Test("17 lists are paged, all of them by GET")
  func paged() {
    let paged = OperationTable.all.filter(\.isPaged)
    #expect(paged.count == 17)
    #expect(paged.allSatisfy { $0.method == .get })
  }

  @Test("Uploads and the deprecated operation are marked")
  func smallSets() {
    #expect(
      Self.names(where: \.isMultipart) == [
        "CreateUploadAndImportCourseJob", "UploadCourseAssetFile", "UploadCourseVersionAssetFile",
      ])
    #expect(Self.names(where: \.isDeprecated) == ["GetApplicationList"])
  }

  @Test("Destructive is every DELETE but tags, settings and postback, and erasing a learner")
  func destructive() {
    let expected = Self.names {
      let path = $0.template.description
      return $0.method == .delete
        && !["/tags", "/{settingId}", "/postback"].contains { path.hasSuffix($0) }
    }
    #expect(Self.names(where: \.isDestructive) == expected.union(["DeleteAllLearnerData"]))
    #expect(expected.count == 19)
  }

  @Test(
    "Sensitive are the operations whose answers are credentials, each for its reason; all of them bear secrets"
  )
  func sensitive() {
    let reasons: [AnswerSecret: Set<String>] = [
      .apiKey: ["CreateCredential", "GetCredentials"],
      .accessToken: ["CreateToken", "GetAppToken"],
      .recordStoreKey: ["GetXapiCredential", "GetXapiCredentials"],
      .pipePasswords: ["GetStatementPipe", "GetStatementPipes"],
      .platformSecret: ["GetLtiDispatch"],
      .reportageSession: ["GetReportageAuthToken", "GetReportageLink"],
      .connectorKeys: ["GetConnectorsList"],
    ]
    for secret in AnswerSecret.allCases where secret != .none {
      #expect(Self.names { $0.answer == secret } == reasons[secret], "\(secret.name)")
    }
    #expect(
      Self.names(where: \.isSensitive) == reasons.values.reduce(into: []) { $0.formUnion($1) })
    #expect(Self.names { $0.isSensitive && !$0.isSecretBearing } == [])
  }

  @Test(
    "Operations whose bodies may hold passwords, keys or tokens bear secrets",
    arguments: [
      "UpdateCredential", "CreateXapiCredential", "SetXapiCredential", "CreateStatementPipe",
      "SetStatementPipe", "GetReportageAuthToken", "GetReportageLink", "GetLtiDispatch",
      "CreateRegistration", "TestRegistrationPostback", "CreateDispatches", "UpdateDispatch",
      "UpdateDispatches", "GetPrivateUserInvitations", "GetPublicUserInvitations",
      "CreatePrivateInvitation", "GetPublicInvitations", "CreateConnector",
    ])
  func secretBearing(name: String) throws {
    #expect(try #require(OperationTable.named(name)).isSecretBearing)
  }

  @Test(
    "Links that a browser opens, and what callers stored themselves, are not credentials",
    arguments: [
      "BuildRegistrationLaunchLink", "BuildCoursePreviewLaunchLink",
      "BuildCoursePreviewLaunchLinkWithVersion", "GetLti13Dispatch", "GetLti13DispatchLaunch",
      "GetLti13ToolConfigurationSchema", "GetDispatchZip", "CreatePublicInvitation",
      "GetPublicInvitation", "GetPublicInvitations", "GetPrivateInvitation",
      "GetPrivateInvitations",
      "UpdatePublicInvitation", "UpdatePrivateInvitation", "GetPrivateUserInvitations",
      "CreateXapiCredential", "SetXapiCredential", "UpdateCredential", "CreateStatementPipe",
    ])
  func passing(name: String) throws {
    #expect(try #require(OperationTable.named(name)).answer == .none)
  }

  @Test("Everyday operations bear no secrets")
  func ordinaryBodies() {
    for name in ["GetCourses", "GetRegistrationProgress", "PingAppId", "DeleteXapiCredential"] {
      #expect(OperationTable.named(name)?.isSecretBearing == false)
    }
    #expect(OperationTable.all.count { $0.isSecretBearing } == 34)
  }
}
