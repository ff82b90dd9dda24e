import SCORMCloudAPI
import Testing

@testable import Forwarding

/// Every known way to write the path of a sensitive operation in another form, alone and in pairs, is refused where
/// unknown operations are forwarded, within the base path and outside of it.
@Suite("Look-alikes of sensitive operations")
struct LookalikeTests {
  /// A way to write a segment in another form.
  private struct Mutation: Sendable {
    var name: String
    var change: @Sendable (String) -> String
  }

  private static func escaped(_ byte: UInt8) -> String {
    "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  private static func escaped(_ text: String) -> String {
    text.utf8.map(escaped).joined()
  }

  private static func fullWidth(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.map { Unicode.Scalar($0.value + 0xFEE0) ?? $0 }))
  }

  /// Mutations of a segment's text.
  private static let spellings: [Mutation] = [
    Mutation(name: "upper case") { $0.uppercased() },
    Mutation(name: "lower case") { $0.lowercased() },
    Mutation(name: "first letter in the other case") {
      let first = $0.prefix(1)
      return (first == first.uppercased() ? first.lowercased() : first.uppercased())
        + $0.dropFirst()
    },
    Mutation(name: "all escaped") { escaped($0) },
    Mutation(name: "first letter escaped twice") { "%25" + escaped($0).dropFirst() },
    Mutation(name: "first letter escaped three times") { "%2525" + escaped($0).dropFirst() },
    Mutation(name: "%u escape") {
      "%25u00" + escaped(String($0.prefix(1))).dropFirst() + $0.dropFirst()
    },
    Mutation(name: "full width") { escaped(fullWidth($0)) },
    Mutation(name: "first letter in full width") {
      escaped(fullWidth(String($0.prefix(1)))) + $0.dropFirst()
    },
    Mutation(name: "long s and kelvin") {
      $0.replacing("s", with: escaped("\u{17F}")).replacing("k", with: escaped("\u{212A}"))
        .replacing("t", with: escaped("\u{21A}"))
    },
    Mutation(name: "mark behind the first letter") {
      $0.prefix(1) + escaped("\u{301}") + $0.dropFirst()
    },
    Mutation(name: "invisible letter") { $0.prefix(2) + escaped("\u{200B}") + $0.dropFirst(2) },
  ]

  private static let surroundings: [Mutation] =
    [
      ".json", ".xml", ".", "..", ".do", "%2Ejson", "%2E", "%20", "%20%20", "%3B", "%3Bv=1",
      "%3Ba%2Fb",
      ",1", "+", "%2B", "%23x", "%3Fa=b", "%22", "%29", "%C2%A0", "%253B", "%253Fa", "%252Ejson",
      ":x",
      "::$DATA", "!", "~", "*", "%2F", "%5C", "%252F",
    ].map { end in Mutation(name: "\(end) behind") { $0 + end } }
    + [
      "%20", "%2B", "+", "%22", "%28", "!", "$", "~", "%C2%A0", "%2520", "%EF%BB%BF", "%5C", "%2F",
    ].map {
      start in Mutation(name: "\(start) in front") { start + $0 }
    }

  private static let joints = [
    "%2F", "%2f", "%5C", "%252F", "%25252F", "%EF%BC%8F", "%255C", "/%20/", "%2F%2F",
  ]

  private static var rules: ForwardingRules {
    ForwardingRules.sample {
      $0.forwardsUnknownOperations = true
      $0.forwardsOutsideBasePath = true
    }
  }

  private static func segments(_ operation: Operation) -> [String] {
    operation.template.description.split(separator: "/").map {
      $0.hasPrefix("{") ? "7" : String($0)
    }
  }

  private func expectRefused(
    _ operation: Operation, _ path: String, _ rules: ForwardingRules, _ why: String,
    below bases: [String] = ["/api/v2", "", "/API/v2", "/v2"]
  ) {
    for base in bases {
      let outcome = take(["\(operation.method.name) \(base)\(path) HTTP/1.1"], rules: rules)
      #expect(
        ["403 sensitive-operation-refused", "400 path-not-canonical", "400 malformed-request"]
          .contains(
            outcome.words), "\(operation.name): \(base)\(path) (\(why))")
    }
  }

  @Test(
    "a name in another spelling, with something around it, behind another slash: refused",
    arguments: OperationTable.all.filter(\.isSensitive).map(\.name.description))
  func mutations(name: String) throws {
    let operation = try #require(OperationTable.named(name))
    let plain = LookalikeTests.segments(operation)
    let rules = LookalikeTests.rules
    let literals = plain.indices.filter { plain[$0] != "7" }
    for position in literals {
      for spelling in LookalikeTests.spellings {
        var segments = plain
        segments[position] = spelling.change(plain[position])
        expectRefused(operation, "/" + segments.joined(separator: "/"), rules, spelling.name)
        for around in LookalikeTests.surroundings where position == literals.last {
          var changed = segments
          changed[position] = around.change(segments[position])
          expectRefused(
            operation, "/" + changed.joined(separator: "/"), rules,
            "\(spelling.name), \(around.name)",
            below: ["/api/v2"])
        }
      }
      for around in LookalikeTests.surroundings {
        var segments = plain
        segments[position] = around.change(plain[position])
        expectRefused(operation, "/" + segments.joined(separator: "/"), rules, around.name)
      }
    }
    for joint in LookalikeTests.joints {
      for position in plain.indices.dropFirst() {
        var path = "/" + plain[..<position].joined(separator: "/")
        path += joint + plain[position...].joined(separator: "/")
        expectRefused(operation, path, rules, joint)
      }
      expectRefused(operation, "/" + plain.joined(separator: joint), rules, joint)
    }
    for end in ["/", "/x", "/7/history", "//"] {
      expectRefused(operation, "/" + plain.joined(separator: "/").uppercased() + end, rules, end)
    }
  }

  @Test("a path of very many segments is not looked through but refused")
  func deep() {
    let path = String(repeating: "/a", count: 4000)
    let outcome = take(["GET /api/v2\(path) HTTP/1.1"], rules: LookalikeTests.rules)
    #expect(outcome.words == "403 sensitive-operation-refused")
  }
}
