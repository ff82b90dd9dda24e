import Memory
import Testing

@testable import TrafficJournal

@Suite("What the journal takes from a line")
struct LineFieldsTests {
  private static let lines = [
    TestLine(id: "plain").text,
    #"{"timestamp":"2026-11-29T10:00:00.123456Z","request_id":"r-1","client.address":"127.0.0.1","http.request.method":"GET","url.path":"/api/v2/courses","caller":"crm","app":"main","operation":"GetCourses","http.response.status_code":200,"http.request.body.size":0,"http.response.body.size":1234,"duration":0.012345,"queue_wait":0,"token_wait":1.5,"termination":"completed","upstream":[{"address":"cloud.scorm.com:443","status":401,"duration":0.001,"retry":"token-refused"},{"address":"cloud.scorm.com:443","status":200,"duration":0.01}]}"#,
    #"{"timestamp":"2026-11-29T10:00:00Z","error.type":"caller-frozen","duration":0}"#,
    #"{"timestamp":"2026-11-29T10:00:00Z","upstream":[]}"#,
    #"{"timestamp":"2026-11-29T10:00:00Z","url.path":"/a\"b","duration":0,"x":{"y":[1,{"z":null}]}}"#,
    #"{"timestamp":"2026-11-29T10:00:00Z","user_agent.original":"äö","duration":01}"#,
    #"{ "timestamp" : "2026-11-29T10:00:00Z" }"#,
    #"{"timestamp":"2026-11-29T10:00:00Z"}x"#, #"{"timestamp":1}"#, #"{"duration":"1"}"#, "{}", "",
  ]

  private func fields(_ line: [UInt8], _ read: (RawSpan) -> LineFields?) -> String {
    read(line.span.bytesOfElements).map { "\($0)" } ?? "none"
  }

  @Test(
    "is the same by the quick reader and by the strict one, wherever the quick one says anything")
  func same() {
    var random = SplitMix64(state: 29)
    var quick = 0
    let marks = Array(#"{}[]",:\.019e-a é"#.utf8)
    for line in LineFieldsTests.lines.map({ Array($0.utf8) }) {
      for round in 0..<3_000 {
        var bytes = line
        // The line itself first, then with one, two or three bytes changed, removed or inserted.
        for _ in 0..<(round == 0 ? 0 : 1 + Int(random.next() % 3)) where !bytes.isEmpty {
          let place = Int(random.next() % UInt64(bytes.count))
          let byte = marks[Int(random.next() % UInt64(marks.count))]
          switch random.next() % 3 {
          case 0: bytes[place] = byte
          case 1: bytes.insert(byte, at: place)
          default: bytes.remove(at: place)
          }
        }
        let written = fields(bytes) { LineFields(written: $0) }
        guard written != "none" else { continue }
        quick += 1
        let strict = fields(bytes) { LineFields(any: $0) }
        #expect(written == strict, "\(String(decoding: bytes, as: UTF8.self))")
      }
    }
    #expect(quick > 2_000)
  }

  @Test("comes from the quick reader for lines as the log writes them, attempts included")
  func written() {
    for line in LineFieldsTests.lines.prefix(3) {
      #expect(fields(Array(line.utf8)) { LineFields(written: $0) } != "none", "\(line)")
    }
  }
}
