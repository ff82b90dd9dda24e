import Testing

@testable import CurlTransport

@Suite("Addresses of HTTP servers")
struct HTTPAddressTests {
  @Test(
    "the host of an address stands between its slashes, without port and brackets",
    arguments: [
      ("https://localhost:1/token", "localhost"), ("https://cloud.scorm.com", "cloud.scorm.com"),
      ("https://[::1]:8443/x:y", "::1"), ("https://127.0.0.1/a", "127.0.0.1"),
    ])
  func hosts(url: String, host: String) {
    #expect(HTTPAddress.host(of: url) == host)
  }

  @Test(
    "only http and https, followed by a host's slashes, are schemes",
    arguments: [
      ("https://a", "https"), ("HTTP://a", "http"), ("ftp://a", nil), ("https:a", nil), ("a", nil),
    ] as [(String, String?)])
  func schemes(url: String, scheme: String?) {
    #expect(HTTPAddress.scheme(of: url) == scheme)
  }
}
