internal import Admin
internal import Memory
internal import TrafficJournal
internal import TrafficLog

/// Takes lines for the journal, and shows them to those who watch the admin page.
struct WatchedJournal: LineSink {
  let journal: JournalWriter
  let feed: CallFeed

  func write(_ lines: borrowing ByteBuffer) {
    journal.write(lines)
    feed.write(lines)
  }
}
