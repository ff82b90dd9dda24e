import LocalServer
import SCORMCloudAPI
import Testing

@testable import Sandbox

@Suite("Every operation of the catalogue")
struct CatalogueTests {
  static let names = OperationTable.all.map(\.name.description)

  /// Assets, LTI details, and the making of things whose lists stay empty.
  static let notSimulated: Set<String> = [
    "CreateApplication", "UpdateApplication", "DeleteApplication", "CreateCredential",
    "CreateConnector", "GetCourseAsset", "GetCourseVersionAsset", "DeleteCourseAsset",
    "DeleteCourseVersionAsset", "ImportCourseAssetFile", "ImportCourseVersionAssetFile",
    "UploadCourseAssetFile", "UploadCourseVersionAssetFile", "GetLti13Dispatch",
    "GetLti13ToolConfigurationSchema", "CreatePrivateInvitation", "CreatePublicInvitation",
    "CreateStatementPipe",
  ]

  private func operation(_ name: String) throws -> Operation {
    try #require(OperationTable.named(name))
  }

  /// The operation's path with an identifier for every parameter.
  private func path(_ operation: Operation) -> String {
    operation.template.description.split(separator: "/").map { part in
      part.hasPrefix("{") ? "/none" : "/" + part
    }.joined()
  }

  private func credential(_ operation: Operation) -> String {
    operation.credential == .management ? Rig.management : Rig.application
  }

  @Test("is there: 161 of them")
  func isComplete() {
    #expect(Self.names.count == 161)
  }

  @Test("refuses a call without a credential with 401 and an error text", arguments: names)
  func refusesNoCredential(name: String) throws {
    let operation = try operation(name)
    var rig = Rig()
    let answer = rig.call(operation.method.name.description, path(operation), "{}", as: nil)
    if operation.credential == .none {
      #expect(answer.status == 302)
    } else {
      #expect(answer.status == 401)
      if operation.method != .head {
        #expect(answer.text == #"{"error":"Authorization Required."}"#)
      }
    }
  }

  @Test(
    "refuses a token of another scope with 403, and a token at the token endpoints with 401",
    arguments: names)
  func refusesWrongScope(name: String) throws {
    let operation = try operation(name)
    guard operation.credential != .none else { return }
    var rig = Rig()
    let others = Scope.allCases.filter { $0 != .admin && !operation.scopes.contains($0) }
      .map(\.name.description)
    let token = rig.token(others.joined(separator: " "), as: credential(operation))
    let answer = rig.call(operation.method.name.description, path(operation), "{}", as: token)
    #expect(answer.status == (operation.credential == .eitherApplication ? 401 : 403))
  }

  @Test("takes any one of its scopes, admin and Basic alike", arguments: names)
  func takesRightCredential(name: String) throws {
    let operation = try operation(name)
    var rig = Rig()
    var credentials = [credential(operation)]
    if operation.credential == .application || operation.credential == .management {
      #expect(!operation.scopes.isEmpty)
      for scope in operation.scopes.map(\.name.description) + ["admin"] {
        credentials.append(rig.token(scope, as: credential(operation)))
      }
    }
    var statuses: Set<Int> = []
    for authorization in credentials {
      let answer = rig.call(
        operation.method.name.description, path(operation), "{}", as: authorization)
      statuses.insert(answer.status)
      #expect(answer.field("X-Sandbox") == "true")
    }
    #expect(statuses.isDisjoint(with: [401, 403, 405]))
    #expect(statuses.count == 1, "every valid credential gets the same answer")
  }

  @Test("wants the right kind of application: the other one is refused with 403", arguments: names)
  func refusesWrongKind(name: String) throws {
    let operation = try operation(name)
    guard operation.credential == .application || operation.credential == .management else {
      return
    }
    var rig = Rig()
    let wrong = operation.credential == .management ? Rig.application : Rig.management
    for authorization in [wrong, rig.token("admin", as: wrong)] {
      let answer = rig.call(
        operation.method.name.description, path(operation), "{}", as: authorization)
      #expect(answer.status == 403)
    }
  }

  @Test("Every simulated operation is one of the catalogue")
  func behavioursAreCatalogued() {
    #expect(Set(BehaviourTable.behaviours.keys).subtracting(Self.names).isEmpty)
  }

  @Test("What is not simulated says so with 501")
  func saysWhatIsMissing() throws {
    var rig = Rig()
    let missing = OperationTable.all.filter {
      BehaviourTable.behaviours[$0.name.description] == nil
    }
    #expect(Set(missing.map(\.name.description)) == Self.notSimulated)
    for operation in missing {
      let answer = rig.call(
        operation.method.name.description, path(operation), "{}", as: credential(operation))
      #expect(answer.status == 501)
      #expect(answer.message == "The sandbox does not simulate \(operation.name) yet.")
    }
  }
}
