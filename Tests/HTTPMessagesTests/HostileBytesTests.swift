import Memory
import Testing

@testable import HTTPMessages

/// A trap would be a denial of service, and a second interpretation of an accepted head a smuggled request. Nothing
/// here may trap, and accepted heads must read the same to a reader that shares no code with ours.
@Suite("Hostile bytes")
struct HostileBytesTests {
  /// A megabyte over 16 seeds.
  private static let bytesOfRun = 64 * 1024

  private static let requests =
    RequestTables.accepted.map(\.bytes) + RequestTables.refused.map(\.bytes)
  private static let responses =
    ResponseTables.accepted.map(\.bytes) + ResponseTables.refused.map(\.bytes)
  private static let bodies =
    BodyTests.chunked.map { payload($0.bytes) } + RequestTables.refusedChunks.map(\.bytes)

  /// What mutations insert: bytes with a meaning, and sequences with more.
  private static let tokens: [[UInt8]] = [
    "\r", "\n", "\r\n", "\r\n\r\n", " ", "\t", ":", ",", ";", "=", "\"", "\\", "\0", "\u{7F}",
    "\u{80}",
    "\u{FF}", "0", "5", "f", "-", "_", "[", "]", "@", "/", "//", "?", "*", "%", "%00", "HTTP/1.1",
    "HTTP/1.0", "Host: a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "chunked",
    "Connection: ", "close", "Expect: 100-continue\r\n", "http://", "9999999999999999999",
  ].map(payload)

  /// `bytes` with a few changes: bytes replaced, runs removed, doubled, inserted, or taken from `others`.
  private static func mutate(
    _ bytes: [UInt8], with others: [[UInt8]], _ random: inout SplitMix64
  ) -> [UInt8] {
    // Long payloads test the limits. Here they would only use up the time.
    var result = Array(bytes.prefix(2000))
    for _ in 0...Int.random(in: 0..<4, using: &random) {
      let start = Int.random(in: 0...result.count, using: &random)
      let end = min(result.count, start + Int.random(in: 0...8, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where start < end: result[start] = UInt8.random(in: .min ... .max, using: &random)
      case 1: result.removeSubrange(start..<end)
      case 2: result.insert(contentsOf: result[start..<end], at: start)
      case 3:
        let other = others.randomElement(using: &random) ?? []
        result = Array(result[..<start] + other.prefix(2000).suffix(40))
      case 4 where start < end: result[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      default: result.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: start)
      }
    }
    return result
  }

  private static func noise(_ random: inout SplitMix64) -> [UInt8] {
    (0..<Int.random(in: 1...400, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
  }

  @Test("requests", arguments: 0..<16 as Range<UInt64>)
  func requests(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var left = Self.bytesOfRun
    while left > 0 {
      let seed = Self.requests.randomElement(using: &random) ?? []
      let bytes =
        Int.random(in: 0..<8, using: &random) == 0
        ? Self.noise(&random) : Self.mutate(seed, with: Self.requests, &random)
      left -= bytes.count + 1
      let verdict = readRequest(bytes)
      checkScanner(bytes, verdict)
      guard case .accepted(let reading) = verdict else { continue }
      checkPlain(Array(bytes[..<reading.headLength]), reading, isRequest: true)
    }
  }

  @Test("responses", arguments: 0..<16 as Range<UInt64>)
  func responses(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var left = Self.bytesOfRun
    while left > 0 {
      let seed = Self.responses.randomElement(using: &random) ?? []
      let bytes =
        Int.random(in: 0..<8, using: &random) == 0
        ? Self.noise(&random) : Self.mutate(seed, with: Self.responses, &random)
      left -= bytes.count + 1
      guard case .accepted(let reading) = readResponse(bytes) else { continue }
      checkPlain(Array(bytes[..<reading.headLength]), reading, isRequest: false)
    }
  }

  @Test(
    "chunked bodies, which read the same in one piece and in two",
    arguments: 0..<16 as Range<UInt64>)
  func bodies(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var left = Self.bytesOfRun
    while left > 0 {
      let seed = Self.bodies.randomElement(using: &random) ?? []
      let bytes =
        Int.random(in: 0..<8, using: &random) == 0
        ? Self.noise(&random) : Self.mutate(seed, with: Self.bodies, &random)
      left -= bytes.count + 1
      let whole = readBody(.chunked, [bytes])
      let at = Int.random(in: 0...bytes.count, using: &random)
      let inTwo = readBody(.chunked, [Array(bytes[..<at]), Array(bytes[at...])])
      #expect(inTwo == whole, "\(latin(bytes).debugDescription) at \(at)")
    }
  }

  @Test("values of single fields", arguments: 0..<16 as Range<UInt64>)
  func values(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let values = [
      "chunked", "gzip, chunked", "keep-alive, TE", "close", "localhost:8080", "[::1]:80", "12345",
    ].map(payload)
    let list = HostAllowList(extra: ["a.example", "b.example:1"])
    var left = Self.bytesOfRun
    while left > 0 {
      let seed = values.randomElement(using: &random) ?? []
      let bytes =
        Int.random(in: 0..<8, using: &random) == 0
        ? Self.noise(&random) : Self.mutate(seed, with: values, &random)
      left -= bytes.count + 1
      let span = bytes.span.bytesOfElements
      let text = latin(bytes)
      if let length = ContentLength.parse(span) { #expect(text == String(length)) }
      if case .chunked = TransferCoding.parse(span) { #expect(text.lowercased() == "chunked") }
      if case .unknown = TransferCoding.parse(span) {
        let codings = text.lowercased().split(separator: ",")
        #expect(codings.count > 1)
        #expect(codings.last?.filter { $0 != " " && $0 != "\t" } == "chunked")
      }
      var options = ConnectionOptions()
      try? options.add(span)
      #expect(options.namedCount <= ConnectionOptions.limit)
      if list.allows(span) { #expect(HostSyntax.isValid(span) == true) }
    }
  }

  /// Fed byte by byte, the scanner finds an end where the parser does, and never where the parser needs more.
  private func checkScanner(_ bytes: [UInt8], _ verdict: Verdict<RequestFault>) {
    var scanner = HeadScanner()
    for seen in 1...max(1, bytes.count) where seen <= bytes.count {
      let found: Bool
      do throws(RequestFault) {
        found = try scanner.findsEnd(in: bytes.span.bytesOfElements.slice(0, seen))
      } catch {
        if case .refused = verdict { return }
        Issue.record("\(error): \(verdict) for \(latin(bytes).debugDescription)")
        return
      }
      guard found else { continue }
      let atEnd = readRequest(bytes, upTo: seen)
      #expect(atEnd == verdict && atEnd != .incomplete, "\(latin(bytes).debugDescription)")
      return
    }
    if case .accepted = verdict { Issue.record("no end in \(latin(bytes).debugDescription)") }
  }

  /// Reads an accepted head in a plain way: lines split at CRLF, the start line at spaces, field lines at their first
  /// colon.
  private func checkPlain(_ head: [UInt8], _ reading: Reading, isRequest: Bool) {
    let shown = Comment(rawValue: latin(head).debugDescription)
    var lines: [[UInt8]] = [[]]
    for byte in head {
      lines[lines.count - 1].append(byte)
      if lines[lines.count - 1].suffix(2) == [0x0D, 0x0A] {
        lines[lines.count - 1].removeLast(2)
        lines.append([])
      }
    }
    #expect(lines.suffix(2) == [[], []], shown)
    lines.removeLast(2)
    if isRequest { while lines.first == [] { lines.removeFirst() } }
    for line in lines {
      #expect(!line.isEmpty, shown)
      #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }, shown)
    }
    guard let start = lines.first else {
      Issue.record(shown)
      return
    }
    lines.removeFirst()
    let parts = start.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
    if isRequest {
      #expect(parts.count == 3 && !parts.contains([]), shown)
      #expect(reading.summary.hasPrefix(latin(parts[0]) + " "), shown)
      #expect(!start.contains(0x09) && start.allSatisfy { $0 < 0x80 }, shown)
    } else {
      #expect(parts.count >= 2 && parts[1].count == 3, shown)
      #expect(reading.summary.hasPrefix(latin(parts[1]) + " "), shown)
    }
    var named: [String: [String]] = [:]
    var plain: [String] = []
    for line in lines {
      guard let colon = line.firstIndex(of: 0x3A), colon > 0 else {
        Issue.record(shown)
        return
      }
      var nameEnd = colon
      // What a proxy removes in answers: RFC 9112 section 5.1.
      while !isRequest, nameEnd > 1, line[nameEnd - 1] == 0x20 || line[nameEnd - 1] == 0x09 {
        nameEnd -= 1
      }
      #expect(line[..<nameEnd].allSatisfy { $0 > 0x20 && $0 < 0x7F }, shown)
      var value = Array(line[(colon + 1)...])
      while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
      while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
      let name = latin(Array(line[..<nameEnd]))
      plain.append(name + ": " + latin(value))
      named[name.lowercased(), default: []].append(latin(value))
    }
    #expect(plain == reading.fields, shown)
    checkFraming(named, reading, isRequest, shown)
  }

  /// No accepted head has two framings, two hosts, or a framing or host with two interpretations.
  private func checkFraming(
    _ named: [String: [String]], _ reading: Reading, _ isRequest: Bool, _ shown: Comment
  ) {
    let lengths = named["content-length"] ?? []
    let codings = named["transfer-encoding"] ?? []
    #expect(lengths.count + codings.count <= 1, shown)
    let words = reading.summary.split(separator: " ")
    if let length = lengths.first {
      #expect(Int(length).map(String.init) == length, shown)
      if isRequest { #expect(words.contains(length == "0" ? "none" : "length(\(length))"), shown) }
    }
    if let coding = codings.first {
      #expect(coding.lowercased() == "chunked", shown)
      if isRequest { #expect(words.contains("chunked"), shown) }
    }
    if isRequest {
      let hosts = named["host"] ?? []
      #expect(hosts.count == 1 || hosts.isEmpty && words.contains("1.0"), shown)
      if lengths.isEmpty && codings.isEmpty { #expect(words.contains("none"), shown) }
    }
  }
}
