import Testing

@testable import Configuration

@Suite("The hosts of NO_PROXY")
struct ProxyExceptionsTests {
  @Test(
    "Names cover what lies below them, addresses and blocks themselves, and a port narrows an entry",
    arguments: [
      ("", "cloud.scorm.com", false), ("*", "cloud.scorm.com", true), ("a, *", "10.0.0.1", true),
      ("cloud.scorm.com", "cloud.scorm.com", true), ("CLOUD.Scorm.com.", "cloud.scorm.com", true),
      ("cloud.scorm.com", "cloud.scorm.com.", true), ("scorm.com", "cloud.scorm.com", true),
      (".scorm.com", "cloud.scorm.com", true), (".scorm.com", "scorm.com", true),
      ("*.scorm.com", "cloud.scorm.com", true), ("corm.com", "cloud.scorm.com", false),
      ("cloud.scorm.com.evil", "cloud.scorm.com", false), ("a\tb,,scorm.com", "scorm.com", true),
      ("scorm.com:443", "cloud.scorm.com", true), ("scorm.com:80", "cloud.scorm.com", false),
      ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3:443", "10.1.2.3", true),
      ("10.1.2.3:80", "10.1.2.3", false), ("10.0.0.0/8", "10.1.2.3", true),
      ("10.0.0.0/8", "11.1.2.3", false), ("2.3", "10.1.2.3", false),
      ("10.1.0.0/8", "10.1.2.3", false), ("10.0.0.0/8", "cloud.scorm.com", false),
      ("fd00::1", "fd00::1", true), ("[fd00::1]", "fd00:0::1", true),
      ("[fd00::1]:443", "fd00::1", true), ("[fd00::1]:80", "fd00::1", false),
      ("fd00::/8", "fd00::1", true), ("fd00::2", "fd00::1", false),
      (".", "cloud.scorm.com", false), ("*.", "cloud.scorm.com", false),
      ("cl*.scorm.com", "cloud.scorm.com", false),
    ])
  func table(list: String, host: String, expected: Bool) {
    #expect(ProxyExceptions(list).contain(host, port: 443) == expected)
  }
}
