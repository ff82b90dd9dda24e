import Memory
import Testing

@testable import Forwarding

@Suite("Names of apps")
struct AppNamesTests {
  @Test("every app is found by its name, and by nothing else", arguments: [0, 1, 2, 4, 5, 50, 300])
  func finds(count: Int) {
    let names = (0..<count).map { "app-\($0)" }
    let table = AppNames(names)
    for (index, name) in names.enumerated() {
      #expect(table.index(of: name.utf8.span.bytesOfElements) == index)
    }
    for other in ["", "app-", "app-\(count)", "APP-0", "app-00", "app-0 ", "other"] {
      #expect(table.index(of: other.utf8.span.bytesOfElements) == nil)
    }
  }
}
