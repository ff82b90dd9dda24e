import Foundation
import HTTPMessages
import Memory
import Testing

@testable import Forwarding

@Suite("The gateway's own errors")
struct GatewayErrorTests {
  /// The registry of RFC 9209 section 2.3.
  private static let registeredTypes: Set<String> = [
    "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable",
    "destination_ip_prohibited", "destination_ip_unroutable", "connection_refused",
    "connection_terminated", "connection_timeout", "connection_read_timeout",
    "connection_write_timeout", "connection_limit_reached", "tls_protocol_error",
    "tls_certificate_error", "tls_alert_received", "http_request_error", "http_request_denied",
    "http_response_incomplete", "http_response_header_section_size", "http_response_header_size",
    "http_response_body_size", "http_response_trailer_section_size",
    "http_response_trailer_size", "http_response_transfer_coding",
    "http_response_content_coding", "http_response_timeout", "http_upgrade_failed",
    "http_protocol_error", "proxy_internal_response", "proxy_internal_error",
    "proxy_configuration_error", "proxy_loop_detected",
  ]

  private static let statuses: Set<Int> = [400, 403, 404, 405, 408, 429, 500, 501, 502, 503, 504]

  @Test(
    "every kind has a status, a name, a title and a registered type",
    arguments: GatewayErrorKind.allCases)
  func everyKind(kind: GatewayErrorKind) {
    #expect(GatewayErrorTests.statuses.contains(kind.status))
    #expect(GatewayErrorTests.registeredTypes.contains(kind.proxyErrorType.description))
    let name = kind.name.description
    #expect(!name.isEmpty && name.utf8.allSatisfy { $0 == 0x2D || (0x61...0x7A).contains($0) })
    #expect(kind.title.description.first?.isUppercase == true)
    let error = GatewayError(kind, "detail")
    #expect(error.status == kind.status)
    #expect((error.retryAfter ?? 0) >= (kind.status == 503 ? 1 : 0))
    if kind.status == 429 || kind.status == 503 {
      #expect(kind.isRetriable, "both say when to come back, so that must help")
    }
    #expect(kind.status != 401, "the caller has no credential to correct")
    #expect(StatusReason.text(kind.status).description != "Error")
    if kind.status == 504 || kind.status == 408 { #expect(kind.isRetriable) }
    if (400...407).contains(kind.status) { #expect(!kind.isRetriable) }
  }

  @Test("names and titles tell the kinds apart")
  func distinct() {
    let kinds = GatewayErrorKind.allCases
    #expect(Set(kinds.map(\.name.description)).count == kinds.count)
    #expect(Set(kinds.map(\.title.description)).count == kinds.count)
  }

  @Test(
    "what waiting does not cure never says when to come back, whatever it was told",
    arguments: GatewayErrorKind.allCases)
  func retriableOrNot(kind: GatewayErrorKind) {
    #expect((GatewayError(kind, "", retryAfter: 32).retryAfter == 32) == kind.isRetriable)
    #expect((GatewayError(kind, "").retryAfter != nil) == (kind.status == 503))
  }

  @Test("every 503 says when to come back, and keeps what it was told")
  func retryAfter() {
    #expect(GatewayError(.tokenUnavailable, "").retryAfter == 1)
    #expect(GatewayError(.draining, "", retryAfter: 7).retryAfter == 7)
    #expect(GatewayError(.responseTimeout, "").retryAfter == nil)
  }

  @Test(
    "a fault in a request keeps its status and ends the connection",
    arguments: RequestFault.allCases)
  func requestFaults(fault: RequestFault) {
    let error = GatewayError(fault)
    #expect(error.status == fault.status)
    #expect((400..<500).contains(error.status) || [501, 505].contains(error.status))
    #expect(error.closesConnection)
    #expect(error.proxyErrorType.description == "http_request_error")
    #expect(StatusReason.text(error.status).description != "Error")
  }

  @Test(
    "a fault in an answer is a 502 with its own registered type", arguments: ResponseFault.allCases)
  func responseFaults(fault: ResponseFault) {
    let error = GatewayError(fault)
    #expect(error.status == 502)
    #expect(error.kind == .responseMalformed)
    #expect(GatewayErrorTests.registeredTypes.contains(error.proxyErrorType.description))
  }

  // MARK: application/problem+json

  private static func problem(_ error: GatewayError, id: String = "0-1") throws -> [String: Any] {
    var out = ByteBuffer()
    ProblemBody.put(error, requestID: Array(id.utf8).span.bytesOfElements, into: &out)
    #expect(out.bytes.text.hasSuffix("}\n"))
    let object = try JSONSerialization.jsonObject(with: Data(out.bytes.copied()))
    return try #require(object as? [String: Any])
  }

  @Test(
    "a problem has the members of RFC 9457, and message for SCORM clients",
    arguments: GatewayErrorKind.allCases)
  func members(kind: GatewayErrorKind) throws {
    let problem = try GatewayErrorTests.problem(GatewayError(kind, "what to do"), id: "abc-7")
    #expect(
      Set(problem.keys)
        == ["type", "title", "status", "detail", "instance", "retriable", "message"])
    #expect(problem["type"] as? String == "urn:scorm-gateway:problem:\(kind.name)")
    #expect(problem["title"] as? String == kind.title.description)
    #expect(problem["status"] as? Int == kind.status)
    #expect(problem["detail"] as? String == "what to do")
    #expect(problem["message"] as? String == "what to do")
    #expect(problem["instance"] as? String == "abc-7")
    #expect(problem["retriable"] as? Bool == kind.isRetriable)
  }

  @Test(
    "whatever a detail quotes, the document is JSON that says the same",
    arguments: [
      "", "\"", "\\", "\\\"},{\"", "\u{0}\u{1}\u{1F}\u{7F}", "\r\n\t", "é\u{2028}\u{2029}😀",
      "\u{1B}[31m", String(repeating: "\"\\", count: 5000), "\u{FFFD}", "</script>",
      String(decoding: (0...255).map(UInt8.init), as: UTF8.self),
    ])
  func hostileDetails(detail: String) throws {
    let problem = try GatewayErrorTests.problem(GatewayError(.path, detail))
    #expect((problem["detail"] as? String).map { Array($0.utf8) } == Array(detail.utf8))
    #expect((problem["message"] as? String).map { Array($0.utf8) } == Array(detail.utf8))
  }

  @Test(
    "details that quote a request stay short and are JSON",
    arguments: [
      "X-Scorm-App: \"},{\"a\":\u{E9}\\", "Host: a\u{5F}b",
    ])
  func quotedRequests(field: String) throws {
    let bytes =
      Array("GET /api/v2/courses HTTP/1.1\r\n".utf8)
      + (field.hasPrefix("Host") ? [] : Array("Host: localhost\r\n".utf8))
      + field.unicodeScalars.map { UInt8($0.value) } + Array("\r\n\r\n".utf8)
    let error = try #require(take(bytes: bytes).error)
    let problem = try GatewayErrorTests.problem(error)
    #expect(problem["detail"] as? String == error.detail)
    #expect(error.detail.utf8.count < 400)
  }
}
