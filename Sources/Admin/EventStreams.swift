internal import LocalServer
internal import Memory
internal import Synchronization

/// The watchers of the admin page: `/api/events`, as server-sent events (HTML Living Standard, section 9.2).
///
/// - `call`: the traffic line of a call that has ended.
/// - `state`: the gateway's state, once a second.
/// - `resync`: calls were left out here, so the watcher must reload what it shows.
/// - `ping`: nothing happened, but the connection is alive.
///
/// A piece has at most ``pieceBytes`` plus a state event. Each watcher has at most one piece in progress.
final class EventStreams: Sendable {
  /// The maximum number of watchers.
  static let most = 16
  /// The maximum size of the calls in a piece, in bytes.
  static let pieceBytes = 64 * 1024
  private static let stateInterval: Int64 = 1_000_000_000
  private static let pingInterval: Int64 = 15_000_000_000

  private struct Watcher {
    /// The place of the next call in the feed.
    var place: Int
    var mustResync: Bool
    var isNew = true
    var stateAt = Int64.min
    var pingAt = Int64.min
  }

  private struct State {
    var watchers: [Int: Watcher] = [:]
    var lastNumber = 0
    /// The text of the state event, shared by all watchers that need it at about the same time.
    var text: [UInt8] = []
    var textAt = Int64.min
  }

  private let state = Mutex(State())
  private let feed: CallFeed?
  private let stateText: @Sendable () -> String
  /// Distinguishes places in this process from those of another process.
  private let epoch = String(UInt32.random(in: 0...UInt32.max), radix: 16)

  init(_ feed: CallFeed?, state: @escaping @Sendable () -> String) {
    self.feed = feed
    stateText = state
  }

  /// Begins a stream after the event `last`, which the watcher has seen; nil if there are too many watchers.
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

  /// The next piece for a watcher; nil if there is no such watcher.
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

  /// The place in an event's id; nil if the id is from another process.
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
        // A proxy in between must not buffer the events.
        (name: "X-Accel-Buffering", value: "no"),
      ], body: .stream(number))
  }

  package func nextPiece(of stream: Int, now: Int64) -> [UInt8]? {
    streams.piece(of: stream, now: now)
  }

  package func streamEnded(_ stream: Int) { streams.end(stream) }
}
