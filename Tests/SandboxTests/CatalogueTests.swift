import LocalServer
import SCORMCloudAPI
import Testing

@testable import Sandbox

@Suite("Every operation of the catalogue")
struct CatalogueTests {
  static let names = OperationTable.all.map(\.name.description)

  private func operation(_ name: String) throws -> Operation {
    try #require(OperationTable.named(name))
  }

  /// The operation's path, with an identifier for every parameter.
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

  @Test("has one behaviour, or a reason to be declined, and no other operation has")
  func hasBehaviour() {
    let answered = Array(BehaviourTable.forApplication.keys) + BehaviourTable.forRealm.keys
    let all = answered + BehaviourTable.declined.keys
    #expect(Set(all) == Set(Self.names))
    #expect(all.count == Self.names.count, "no operation stands in two tables")
  }

  @Test("is known to the schemas of the official client, and no other is")
  func isInSchemas() {
    let table = SchemaTable.ofClient
    #expect(Set(table.operations.keys) == Set(Self.names))
    for kind in table.operations.values.flatMap({ [$0.body, $0.answer] }) {
      if case .schema(let name) = kind { #expect(table.schemas[name] != nil, "\(name)") }
    }
  }
}
