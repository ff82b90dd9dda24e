package import Memory
internal import Synchronization

/// The newest lines of traffic for those who watch the page: a part of memory that the event loops write and the
/// admin thread reads.
///
/// Its length is bounded in bytes; the oldest lines make room. While nobody watches, nothing is kept, and a line costs
/// the loops one load.
package final class CallFeed: Sendable {
  /// Bytes of lines kept.
  static let most = 512 * 1024

  private struct State: ~Copyable {
    var lines = ByteBuffer()
    /// Bytes written since the start, up to the first of ``lines``: where it stands.
    var start = 0
  }

  /// What is read from a place on.
  struct Part {
    /// Whole lines with their line feeds.
    var lines: [UInt8] = []
    /// Where to go on.
    var next: Int
    /// Lines between the place and these are lost.
    var isBroken = false
  }

  private let state = Mutex(State())
  private let watchers = Atomic<Int>(0)

  package init() {}

  /// Takes whole lines, on any thread.
  package func write(_ lines: borrowing ByteBuffer) {
    guard watchers.load(ordering: .relaxed) > 0 else { return }
    state.withLock { state in
      if lines.count > CallFeed.most {
        state.start += state.lines.count + lines.count
        state.lines.removeAll()
        return
      }
      let excess = state.lines.count + lines.count - CallFeed.most
      if excess > 0 {
        let cut = min(
          state.lines.count,
          state.lines.bytes.firstIndex(of: UInt8(ascii: "\n"), from: excess - 1) + 1)
        state.lines.consume(cut)
        state.start += cut
      }
      state.lines.put(lines.bytes)
    }
  }

  /// Somebody watches from now on. What was written while nobody did is not here: the places before are void.
  func beginWatching() {
    guard watchers.wrappingAdd(1, ordering: .relaxed).oldValue == 0 else { return }
    state.withLock { state in
      state.start += state.lines.count + 1
      state.lines.removeAll()
    }
  }

  func endWatching() {
    guard watchers.wrappingSubtract(1, ordering: .relaxed).newValue == 0 else { return }
    state.withLock { $0.lines.release() }
  }

  /// Where the next line will stand.
  var end: Int { state.withLock { $0.start + $0.lines.count } }

  /// Lines from `place` on, as many as fit into `bytes`, but at least one.
  func read(from place: Int, bytes: Int) -> Part {
    state.withLock { state in
      let offset = place - state.start
      guard offset >= 0, offset <= state.lines.count,
        offset == 0 || state.lines.bytes[offset - 1] == UInt8(ascii: "\n")
      else { return Part(next: state.start + state.lines.count, isBroken: true) }
      var end = offset
      while end < state.lines.count {
        let next = state.lines.bytes.firstIndex(of: UInt8(ascii: "\n"), from: end) + 1
        guard next <= state.lines.count, end == offset || next - offset <= bytes else { break }
        end = next
      }
      return Part(
        lines: state.lines.bytes.slice(offset, end).copied(), next: state.start + end)
    }
  }
}
