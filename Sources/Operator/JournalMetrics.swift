package import TrafficJournal

/// The journal's metrics at `/metrics`; empty without a journal.
package enum JournalMetrics {
  package static func text(_ figures: JournalStatistics?) -> String {
    guard let figures else { return "" }
    var dropped = ""
    for (reason, count) in [
      ("queue_full", figures.droppedQueueFull), ("malformed", figures.droppedMalformed),
      ("refused", figures.droppedRefused), ("stop", figures.droppedAtStop),
    ] {
      dropped += "\nscorm_gateway_journal_records_dropped_total{reason=\"\(reason)\"} \(count)"
    }
    return """
      # HELP scorm_gateway_journal_records_written_total Records written to the journal.
      # TYPE scorm_gateway_journal_records_written_total counter
      scorm_gateway_journal_records_written_total \(figures.written)
      # HELP scorm_gateway_journal_records_dropped_total Records that the journal lost; the traffic log has them.
      # TYPE scorm_gateway_journal_records_dropped_total counter\(dropped)
      # HELP scorm_gateway_journal_records_removed_total Records removed again because of age or size.
      # TYPE scorm_gateway_journal_records_removed_total counter
      scorm_gateway_journal_records_removed_total \(figures.removed)
      # HELP scorm_gateway_journal_queue_bytes Bytes of lines that wait to be written to the journal.
      # TYPE scorm_gateway_journal_queue_bytes gauge
      scorm_gateway_journal_queue_bytes \(figures.waitingBytes)
      # HELP scorm_gateway_journal_size_bytes Bytes of the journal's file and of its write-ahead log.
      # TYPE scorm_gateway_journal_size_bytes gauge
      scorm_gateway_journal_size_bytes{part="file"} \(figures.fileBytes)
      scorm_gateway_journal_size_bytes{part="log"} \(figures.logBytes)
      # HELP scorm_gateway_journal_transaction_seconds Time of transactions that wrote records.
      # TYPE scorm_gateway_journal_transaction_seconds summary
      scorm_gateway_journal_transaction_seconds_sum \(Seconds.text(figures.transactionTime))
      scorm_gateway_journal_transaction_seconds_count \(figures.transactions)
      # HELP scorm_gateway_journal_failures_total Attempts to write that failed or found the file held by another program.
      # TYPE scorm_gateway_journal_failures_total counter
      scorm_gateway_journal_failures_total \(figures.failures)
      # HELP scorm_gateway_journal_set_aside_total Damaged files that were renamed and replaced by new ones.
      # TYPE scorm_gateway_journal_set_aside_total counter
      scorm_gateway_journal_set_aside_total \(figures.setAside)
      # HELP scorm_gateway_journal_writable Whether the last attempt to write succeeded.
      # TYPE scorm_gateway_journal_writable gauge
      scorm_gateway_journal_writable \(figures.isWell ? 1 : 0)

      """
  }
}
