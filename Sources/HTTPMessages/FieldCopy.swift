package import Memory

/// Copies field lines as they came, in runs: what a relay does with nearly all of a head.
extension RecordList where Record == FieldLine {
  /// Appends the lines, which lie in `bytes`, but for those with a name in `dropped` and those that `connection`
  /// names.
  package borrowing func copy(
    from bytes: RawSpan, without dropped: FieldSet, _ connection: ConnectionOptions,
    into out: inout ByteBuffer
  ) {
    guard count > 0 else { return }
    let hasNamed = !connection.named.isEmpty
    var runStart = Int(self[0].start)
    var i = 0
    while i < count {
      let line = self[i]
      if dropped.contains(line.name) || hasNamed && connection.names(line.name(in: bytes)) {
        if Int(line.start) > runStart { out.put(bytes.slice(runStart, Int(line.start))) }
        runStart = Int(line.end)
      }
      i &+= 1
    }
    let end = Int(self[count &- 1].end)
    if end > runStart { out.put(bytes.slice(runStart, end)) }
  }
}
