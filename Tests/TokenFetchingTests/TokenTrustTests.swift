import AccessTokens
import Foundation
import Testing

@testable import TokenFetching

/// Which servers a token request trusts. The server speaks TLS but not HTTP, so a request that reached it fails in
/// another way.
@Suite("Trust in the token endpoint", .timeLimit(.minutes(5)))
struct TokenTrustTests {
  private func reason(
    _ server: TLSServer, host: String, caFile: String?
  ) async throws -> TokenFailure.Reason? {
    let rig = try TokenRig("https://\(host):\(server.port)/token") { $0.place.caFile = caFile }
    return try await rig.failure().reason
  }

  @Test(
    "an endpoint whose certificate is trusted and has the right name is asked",
    arguments: [("localhost", "DNS:localhost"), ("127.0.0.1", "IP:127.0.0.1")])
  func good(host: String, name: String) async throws {
    let server = try TLSServer(name: name, days: 2)
    let reason = try await reason(server, host: host, caFile: server.certificate)
    #expect(reason == .badAnswer(.notHTTP))
  }

  @Test(
    "a certificate with the name as common name only, with another name or none's word is refused",
    arguments: [
      ("localhost", nil), ("127.0.0.1", nil), ("localhost", "DNS:other.example"),
      ("localhost", "IP:127.0.0.1"), ("127.0.0.1", "DNS:localhost"),
    ] as [(String, String?)])
  func badName(host: String, name: String?) async throws {
    let server = try TLSServer(name: name, days: 2)
    #expect(try await reason(server, host: host, caFile: server.certificate) == .tls)
  }

  @Test("a certificate that nobody vouches for, or that has expired, is refused")
  func untrusted() async throws {
    let good = try TLSServer(name: "DNS:localhost", days: 2)
    #expect(try await reason(good, host: "localhost", caFile: nil) == .tls)
    let other = try TLSServer(name: "DNS:localhost", days: 2)
    #expect(try await reason(good, host: "localhost", caFile: other.certificate) == .tls)
    let expired = try TLSServer(name: "DNS:localhost", days: -1)
    #expect(try await reason(expired, host: "localhost", caFile: expired.certificate) == .tls)
  }

  @Test("a trust file without a certificate stops the set-up and is named")
  func badFile() {
    #expect {
      _ = try TokenRig("https://localhost:1/token") { $0.place.caFile = "/etc/hosts" }
    } throws: { error in
      guard case .badTrust(let reason)? = error as? TokenServiceSettings.Problem else {
        return false
      }
      return reason.hasPrefix("cannot read certificates from /etc/hosts: ")
    }
  }
}
