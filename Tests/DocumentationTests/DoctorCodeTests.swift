import Diagnosis
import Foundation
import Testing

@Suite("Codes of doctor in docs/errors.md")
struct DoctorCodeTests {
  /// The sections below "Doctor", with their text.
  private static func sections() throws -> [String: String] {
    let text = try Repository.text("docs/errors.md")
    let start = try #require(text.firstRange(of: "## Doctor\n")?.upperBound)
    var sections: [String: String] = [:]
    for part in text[start...].components(separatedBy: "\n### ").dropFirst() {
      let heading = part.prefix { $0 != "\n" }
      sections[String(heading)] = String(part.dropFirst(heading.count))
    }
    return sections
  }

  @Test("Every code has a section that says what it counts as", arguments: DoctorCode.allCases)
  func described(code: DoctorCode) throws {
    let text = try #require(try Self.sections()[code.rawValue], "\(code.rawValue) has no section")
    #expect(text.contains(#/^\n\n(Warning|Failure)/#))
    let exit = code.isOfConfiguration ? 78 : code.isOutOfReach ? 69 : nil
    #expect(text.contains("exit code") == (exit != nil))
    if let exit { #expect(text.contains("exit code \(exit).")) }
    #expect(!code.fix.isEmpty)
  }

  @Test("No section is about a code that there is not")
  func noOthers() throws {
    #expect(try Set(Self.sections().keys) == Set(DoctorCode.allCases.map(\.rawValue)))
  }

  @Test("A code has an area of three letters and a number, counted from 1 in its area")
  func numbered() throws {
    var counts: [Substring: Int] = [:]
    for code in DoctorCode.allCases {
      let match = try #require(code.rawValue.wholeMatch(of: #/GW-([A-Z]{3})-(\d\d)/#))
      counts[match.output.1, default: 0] += 1
      #expect(Int(match.output.2) == counts[match.output.1])
    }
  }
}
