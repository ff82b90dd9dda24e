import Testing

@testable import Forwarding

@Suite("Which names a certificate gives its owner")
struct CertificateNamesTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let says: String
    /// Names of the certificate, each with the prefix `uri:` or `dns:`.
    let names: [String]
    let wanted: CertificateName
    let isKnown: Bool
    var testDescription: String { says }
  }

  private static func uri(_ text: String) -> CertificateName { .uri(Array(text.utf8)) }
  private static func dns(_ text: String) -> CertificateName { .dns(Array(text.utf8)) }
  private static let crm = uri("spiffe://corp/crm")

  private static func names(_ texts: [String]) -> CertificateNames {
    CertificateNames(texts.map { ($0.hasPrefix("uri:"), Array($0.utf8.dropFirst(4))) })
  }

  @Test(
    "A name counts as it is written, wherever it stands among others",
    arguments: [
      Case(says: "its only URI", names: ["uri:spiffe://corp/crm"], wanted: crm, isKnown: true),
      Case(
        says: "a URI behind other names", names: ["dns:a.example", "uri:spiffe://corp/crm"],
        wanted: crm, isKnown: true),
      Case(
        says: "a URI with more behind it", names: ["uri:spiffe://corp/crm/2"], wanted: crm,
        isKnown: false),
      Case(
        says: "a URI in other case", names: ["uri:spiffe://corp/CRM"], wanted: crm, isKnown: false),
      Case(
        says: "a URI with a slash", names: ["uri:spiffe://corp/crm/"], wanted: crm, isKnown: false),
      Case(
        says: "the text of a URI as a DNS name", names: ["dns:spiffe://corp/crm"], wanted: crm,
        isKnown: false),
      Case(says: "no names at all", names: [], wanted: crm, isKnown: false),
      Case(
        says: "two SPIFFE IDs", names: ["uri:spiffe://corp/crm", "uri:spiffe://corp/billing"],
        wanted: crm, isKnown: false),
      Case(
        says: "the same SPIFFE ID twice",
        names: ["uri:spiffe://corp/crm", "uri:spiffe://corp/crm"],
        wanted: crm, isKnown: false),
      Case(
        says: "two SPIFFE IDs, the scheme of one in other case",
        names: ["uri:spiffe://corp/crm", "uri:SPIFFE://corp/billing"], wanted: crm, isKnown: false),
      Case(
        says: "two SPIFFE IDs and the DNS name that is wanted",
        names: ["dns:crm.internal", "uri:spiffe://corp/a", "uri:spiffe://corp/b"],
        wanted: dns("crm.internal"), isKnown: false),
      Case(
        says: "a SPIFFE ID beside a URI of another kind",
        names: ["uri:https://crm.internal/", "uri:spiffe://corp/crm"], wanted: crm, isKnown: true),
      Case(
        says: "a DNS name in other case", names: ["dns:CRM.Internal"], wanted: dns("crm.internal"),
        isKnown: true),
      Case(
        says: "a name with a dot behind it", names: ["dns:crm.internal."],
        wanted: dns("crm.internal"), isKnown: false),
      Case(
        says: "a wildcard that would cover it", names: ["dns:*.internal"],
        wanted: dns("crm.internal"), isKnown: false),
      Case(
        says: "a wildcard that is asked for as it stands", names: ["dns:*.internal"],
        wanted: dns("*.internal"), isKnown: false),
      Case(
        says: "an internationalised name in its ASCII form", names: ["dns:xn--bcher-kva.example"],
        wanted: dns("xn--bcher-kva.example"), isKnown: true),
      Case(
        says: "an internationalised name as it reads", names: ["dns:bücher.example"],
        wanted: dns("xn--bcher-kva.example"), isKnown: false),
      Case(
        says: "letters beyond ASCII in other case", names: ["dns:BÜCHER.example"],
        wanted: dns("bücher.example"), isKnown: false),
      Case(
        says: "a zero byte in the name that is wanted", names: ["dns:crm.internal\0.evil.example"],
        wanted: dns("crm.internal"), isKnown: false),
      Case(
        says: "a zero byte in another of its names",
        names: ["dns:crm.internal", "uri:spiffe://a\0b"],
        wanted: dns("crm.internal"), isKnown: false),
    ])
  func matching(_ one: Case) {
    #expect(Self.names(one.names).has(one.wanted) == one.isKnown)
  }

  @Test("A certificate that is nobody's says why")
  func objections() {
    #expect(Self.names(["uri:spiffe://a/b"]).objection == nil)
    #expect(Self.names(["uri:spiffe://a/b", "uri:spiffe://a/c"]).objection == .severalSPIFFEIDs)
    #expect(Self.names(["dns:a\0"]).objection == .zeroByte)
  }

  @Test("A name reads in the log as certificates' tools write it")
  func texts() {
    #expect(Self.crm.text == "URI:spiffe://corp/crm")
    #expect(Self.dns("crm.internal").text == "DNS:crm.internal")
  }
}
