import LocalServer
import Memory
import Synchronization
import Testing

@testable import Admin

@Suite("Events for those who watch")
struct EventTests {
  private static func lines(_ text: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.put(text: text)
    return buffer
  }

  private static func text(_ bytes: [UInt8]?) -> String {
    String(decoding: bytes ?? [], as: UTF8.self)
  }

  private static let second: Int64 = 1_000_000_000

  @Test("Nothing is kept while nobody watches")
  func unwatched() {
    let feed = CallFeed()
    feed.write(EventTests.lines("a\n"))
    feed.beginWatching()
    let start = feed.end
    #expect(feed.read(from: start, bytes: 100).lines.isEmpty)
    feed.write(EventTests.lines("b\nc\n"))
    #expect(EventTests.text(feed.read(from: start, bytes: 100).lines) == "b\nc\n")
    // Earlier places become invalid when there was no watcher.
    feed.endWatching()
    feed.beginWatching()
    #expect(feed.read(from: start, bytes: 100).isBroken)
    #expect(feed.read(from: start + 4, bytes: 100).isBroken)
  }

  @Test(
    "The newest lines stay, whole, within the bound; who is behind them learns that some are lost")
  func bound() {
    let feed = CallFeed()
    feed.beginWatching()
    let start = feed.end
    let line = String(repeating: "x", count: 999) + "\n"
    for _ in 0..<2_000 { feed.write(EventTests.lines(line)) }
    let lost = feed.read(from: start, bytes: 1 << 20)
    #expect(lost.isBroken && lost.lines.isEmpty && lost.next == feed.end)
    let kept = feed.read(from: feed.end - 500_000, bytes: 1 << 20)
    #expect(!kept.isBroken && kept.lines.count == 500_000)
    #expect(feed.read(from: feed.end - 600_000, bytes: 1 << 20).isBroken)
    // A place within a line is invalid.
    #expect(feed.read(from: feed.end - 500, bytes: 1 << 20).isBroken)
    #expect(feed.read(from: feed.end + 1, bytes: 1 << 20).isBroken)
    // A batch that exceeds the whole buffer is left out.
    let place = feed.end
    feed.write(EventTests.lines(String(repeating: line, count: 1_000)))
    #expect(feed.read(from: place, bytes: 1 << 20).isBroken)
  }

  @Test("A piece has whole lines within its bound, and at least one")
  func pieces() {
    let feed = CallFeed()
    feed.beginWatching()
    let start = feed.end
    feed.write(EventTests.lines("aaaa\nbbbb\ncccc\n"))
    let two = feed.read(from: start, bytes: 14)
    #expect(EventTests.text(two.lines) == "aaaa\nbbbb\n")
    #expect(EventTests.text(feed.read(from: two.next, bytes: 1).lines) == "cccc\n")
  }

  @Test("A watcher gets calls, a state each second, and a ping when it is quiet")
  func watcher() throws {
    let feed = CallFeed()
    let asked = Mutex(0)
    let streams = EventStreams(
      feed,
      state: {
        asked.withLock {
          $0 += 1
          return "{\"n\":\($0)}"
        }
      })
    let one = try #require(streams.begin(after: nil))
    let other = try #require(streams.begin(after: nil))
    let first = EventTests.text(streams.piece(of: one, now: 0))
    #expect(first == "retry: 2000\n\nevent: state\ndata: {\"n\":1}\n\n")
    // The state is produced only once for the same moment.
    #expect(EventTests.text(streams.piece(of: other, now: 1_000)) == first)
    #expect(EventTests.text(streams.piece(of: one, now: EventTests.second / 4)) == "")
    feed.write(EventTests.lines("{\"a\":1}\n{\"b\":2}\n"))
    let calls = EventTests.text(streams.piece(of: one, now: EventTests.second / 2))
    #expect(calls.matches(of: /event: call\nid: [0-9a-f]+-\d+\ndata: \{"[ab]":\d\}\n\n/).count == 2)
    #expect(
      EventTests.text(streams.piece(of: one, now: EventTests.second)).contains("event: state"))
    #expect(
      EventTests.text(streams.piece(of: one, now: 15 * EventTests.second)).contains("event: ping"))
    streams.end(one)
    #expect(streams.piece(of: one, now: 0) == nil)
  }

  @Test("Behind its last event a watcher goes on; behind another process' it is told to read anew")
  func resumption() throws {
    let feed = CallFeed()
    let streams = EventStreams(feed, state: { "{}" })
    let keeper = try #require(streams.begin(after: nil))
    let one = try #require(streams.begin(after: nil))
    feed.write(EventTests.lines("first\n"))
    let piece = EventTests.text(streams.piece(of: one, now: 0))
    let id = String(try #require(piece.firstMatch(of: /id: (\S+)/)).output.1)
    streams.end(one)
    feed.write(EventTests.lines("second\n"))
    let again = try #require(streams.begin(after: id))
    let rest = EventTests.text(streams.piece(of: again, now: 0))
    #expect(rest.contains("data: second\n") && !rest.contains("first") && !rest.contains("resync"))
    for strange in ["0-5", "", "x", "\(id)-1", id + "99999", id.replacing("-", with: "--")] {
      let lost = try #require(streams.begin(after: strange))
      let text = EventTests.text(streams.piece(of: lost, now: 0))
      #expect(text.contains("event: resync"), "\(strange)")
      streams.end(lost)
    }
    streams.end(keeper)
  }

  @Test("Sixteen may watch; who leaves makes room")
  func places() throws {
    let responder = AdminResponder(
      sources: AdminSources(
        readiness: { [] }, isDraining: { false }, metrics: { "" }, limits: { _ in "" }))
    let request = LocalRequest(method: "GET", path: "/api/events")
    var numbers: [Int] = []
    for _ in 0..<16 {
      let answer = responder.respond(to: request)
      guard answer.status == 200, case .stream(let number) = answer.body else {
        Issue.record("no stream")
        return
      }
      numbers.append(number)
    }
    #expect(responder.respond(to: request).status == 503)
    responder.streamEnded(numbers[3])
    #expect(responder.respond(to: request).status == 200)
  }

  @Test("What changes something is done where it may be, and noted", arguments: [true, false])
  func actions(_ isAllowed: Bool) {
    let noted = Mutex<[String]>([])
    var sources = AdminSources(
      readiness: { [] }, isDraining: { false }, metrics: { "" }, limits: { _ in "" })
    sources.takesActions = { isAllowed }
    sources.note = { action in
      noted.withLock { $0.append("\(action.path)?\(action.query) \(action.status)") }
    }
    let responder = AdminResponder(sources: sources)
    let answer = responder.respond(
      to: LocalRequest(method: "POST", path: "/api/tokens/renew", query: "all=true"))
    #expect(answer.status == (isAllowed ? 200 : 403))
    #expect(noted.withLock { $0 } == (isAllowed ? ["/api/tokens/renew?all=true 200"] : []))
    #expect(responder.respond(to: LocalRequest(method: "GET", path: "/api/tokens")).status == 200)
  }
}
