import SCORMCloudAPI
import Testing

@testable import Sandbox

@Suite("The sandbox says what it stands for")
struct CoverageTests {
  @Test("Every operation of the catalogue is answered, or declined with a reason")
  func everyOperation() {
    #expect(SandboxCoverage.rows.count == OperationTable.all.count)
    for row in SandboxCoverage.rows {
      guard case .declined = row.standing else { continue }
      let reason = BehaviourTable.declined[row.operation]?.description ?? ""
      #expect(!reason.isEmpty, "\(row.operation) has neither a behaviour nor a reason")
    }
  }

  @Test(
    "At least 140 operations are proven by the official client, each by its name in the catalogue")
  func proven() {
    #expect(SandboxCoverage.count("proven") >= 140)
    for name in ProvenOperations.names.split(whereSeparator: \.isNewline) {
      #expect(OperationTable.named(String(name)) != nil, "\(name)")
    }
    #expect(
      SandboxCoverage.count("proven") + SandboxCoverage.count("answered")
        + SandboxCoverage.count("declined") == SandboxCoverage.rows.count)
    #expect(SandboxCoverage.value["rows"]?.elements?.count == SandboxCoverage.rows.count)
  }
}
