package import Memory
internal import Synchronization

/// A buffer of the newest traffic lines for watchers of the admin page. Event loops write it and the admin thread reads
/// it.
///
/// Its size in bytes is bounded, and the oldest lines are removed first. Without watchers nothing is kept, and a line
/// costs the loops one atomic load.
package final class CallFeed: Sendable {
  /// The maximum size in bytes.
  static let most = 512 * 1024

  private struct State: ~Copyable {
    var lines = ByteBuffer()
    /// Bytes written since the start, before the first byte of ``lines``: the place of that byte.
    var start = 0
  }

  /// The result of reading from a place.
  struct Part {
    /// Whole lines with their line feeds.
    var lines: [UInt8] = []
    /// The place of the next line.
    var next: Int
    /// Whether lines between the given place and these are lost.
    var isBroken = false
  }

  private let state = Mutex(State())
  private let watchers = Atomic<Int>(0)

  package init() {}

  /// Adds whole lines, on any thread.
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

  /// Adds a watcher. Lines written while there was no watcher are missing, so earlier places become invalid.
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

  /// The place of the next line.
  var end: Int { state.withLock { $0.start + $0.lines.count } }

  /// Reads lines from `place` on, as many as fit into `bytes`, but at least one.
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
