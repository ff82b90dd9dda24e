internal import LocalServer
internal import Memory
internal import Synchronization

/// Those who watch the page: `/api/events`, as server-sent events (HTML Living Standard, section 9.2).
///
/// - `call`: a line of the traffic log, when the call has ended.
/// - `state`: how the gateway stands, once a second.
/// - `resync`: calls were left out here; what the watcher shows is to be read anew.
/// - `ping`: nothing happened, but the connection stands.
///
/// A piece is at most ``pieceBytes`` and what a state needs, and there is one under way for each watcher.
final class EventStreams: Sendable {
  /// Watchers at once.
  static let most = 16
  /// Bytes of calls in a piece.
  static let pieceBytes = 64 * 1024
  private static let stateInterval: Int64 = 1_000_000_000
  private static let pingInterval: Int64 = 15_000_000_000

  private struct Watcher {
    /// The next call's place in the feed.
    var place: Int
    var mustResync: Bool
    var isNew = true
    var stateAt = Int64.min
    var pingAt = Int64.min
  }

  private struct State {
    var watchers: [Int: Watcher] = [:]
    var lastNumber = 0
    /// The state's event, shared by all who ask for it in the same moment.
    var text: [UInt8] = []
    var textAt = Int64.min
  }

  private let state = Mutex(State())
  private let feed: CallFeed?
  private let stateText: @Sendable () -> String
  /// Tells this process' places from another's.
  private let epoch = String(UInt32.random(in: 0...UInt32.max), radix: 16)

  init(_ feed: CallFeed?, state: @escaping @Sendable () -> String) {
    self.feed = feed
    stateText = state
  }

  /// Begins a stream behind the event `last`, which the watcher saw; nil when there are too many.
  func begin(after last: String?) -> Int? {
    state.withLock { state in
      guard state.watchers.count < EventStreams.most else { return nil }
      feed?.beginWatching()
      let place = last.flatMap(self.place)
      state.lastNumber += 1
      state.watchers[state.lastNumber] = Watcher(
        place: place ?? feed?.end ?? 0, mustResync: place == nil && last != nil)
      return state.lastNumber
    }
  }

  func end(_ number: Int) {
    state.withLock { state in
      if state.watchers.removeValue(forKey: number) != nil { feed?.endWatching() }
    }
  }

  /// What a watcher gets now; nil when it is none.
  func piece(of number: Int, now: Int64) -> [UInt8]? {
    state.withLock { state in
      guard var watcher = state.watchers[number] else { return nil }
      var out = ByteBuffer()
      if watcher.isNew {
        out.put("retry: 2000\n\n")
        watcher.isNew = false
        watcher.pingAt = now
      }
      putCalls(of: &watcher, into: &out)
      if watcher.stateAt == .min || now - watcher.stateAt >= EventStreams.stateInterval {
        watcher.stateAt = now
        out.put(contentsOf: text(&state, now))
      }
      if now - watcher.pingAt >= EventStreams.pingInterval {
        watcher.pingAt = now
        out.put("event: ping\ndata: {}\n\n")
      }
      state.watchers[number] = watcher
      return out.bytes.copied()
    }
  }

  private func putCalls(of watcher: inout Watcher, into out: inout ByteBuffer) {
    guard let feed else { return }
    let part = feed.read(from: watcher.place, bytes: EventStreams.pieceBytes)
    if part.isBroken || watcher.mustResync {
      watcher.mustResync = false
      out.put("event: resync\nid: ")
      out.put(text: "\(epoch)-\(part.isBroken ? part.next : watcher.place)\ndata: {}\n\n")
    }
    for line in part.lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast()
    {
      watcher.place += line.count + 1
      out.put("event: call\nid: ")
      out.put(text: "\(epoch)-\(watcher.place)\ndata: ")
      out.put(contentsOf: Array(line))
      out.put("\n\n")
    }
    watcher.place = part.next
  }

  private func text(_ state: inout State, _ now: Int64) -> [UInt8] {
    if state.textAt == .min || now - state.textAt >= EventStreams.stateInterval / 2 {
      state.text = Array("event: state\ndata: \(stateText())\n\n".utf8)
      state.textAt = now
    }
    return state.text
  }

  /// The place that an event's id names; nil when it is another process'.
  private func place(_ id: String) -> Int? {
    let parts = id.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == epoch else { return nil }
    return Int(parts[1])
  }
}

extension AdminResponder {
  func events(_ request: LocalRequest) -> LocalResponse {
    let last = request.field("Last-Event-ID") ?? AdminQuery(request.query)?.first("after")
    guard let number = streams.begin(after: last) else {
      var response = AdminProblem(
        status: 503, title: "Service Unavailable",
        detail: "There are already \(EventStreams.most) watchers; "
          + "close a page that shows this gateway."
      ).response
      response.fields.append((name: "Retry-After", value: "5"))
      return response
    }
    return LocalResponse(
      status: 200,
      fields: [
        (name: "Content-Type", value: "text/event-stream"),
        // A proxy in between must not gather what is to be seen now.
        (name: "X-Accel-Buffering", value: "no"),
      ], body: .stream(number))
  }

  package func nextPiece(of stream: Int, now: Int64) -> [UInt8]? {
    streams.piece(of: stream, now: now)
  }

  package func streamEnded(_ stream: Int) { streams.end(stream) }
}
