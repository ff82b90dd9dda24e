package import Memory

/// Copies field lines unchanged, in runs. That is what a relay does with nearly all of a head.
extension RecordList where Record == FieldLine {
  /// Appends the lines, which are in `bytes`, except those with a name in `dropped` and those that `connection` names.
  package borrowing func copy(
    from bytes: RawSpan, without dropped: FieldSet, _ connection: ConnectionOptions,
    into out: inout ByteBuffer
  ) {
    if connection.namedCount == 0 {
      copy(from: bytes, into: &out) { dropped.contains($0.name) }
    } else {
      let named = ConnectionNames(self, in: bytes)
      copy(from: bytes, into: &out) {
        dropped.contains($0.name) || named.contain($0.name(in: bytes), in: bytes)
      }
    }
  }

  /// The same, also without other fields whose name is among `names`, which are in lower case. Removes whitespace
  /// before a colon.
  @inline(never)
  package borrowing func copy(
    from bytes: RawSpan, without dropped: FieldSet, namedAmong names: [StaticString],
    _ connection: ConnectionOptions, into out: inout ByteBuffer
  ) {
    let named = connection.namedCount == 0 ? nil : ConnectionNames(self, in: bytes)
    for i in 0..<count {
      let line = self[i]
      let name = line.name(in: bytes)
      if dropped.contains(line.name) || named?.contain(name, in: bytes) ?? false { continue }
      if line.name == .other, names.contains(where: { name.equalsIgnoringCase($0) }) { continue }
      out.put(name)
      out.put(": ")
      out.put(line.value(in: bytes))
      out.put("\r\n")
    }
  }

  /// The same for lines with whitespace before a colon: RFC 9112 section 5.1 requires a proxy to remove it.
  @inline(never)
  package borrowing func copyRepaired(
    from bytes: RawSpan, without dropped: FieldSet, _ connection: ConnectionOptions,
    into out: inout ByteBuffer
  ) {
    copy(from: bytes, without: dropped, namedAmong: [], connection, into: &out)
  }

  /// Appends the lines for which `isDropped` is false, in as few runs as possible.
  @inline(__always)
  private borrowing func copy(
    from bytes: RawSpan, into out: inout ByteBuffer, without isDropped: (FieldLine) -> Bool
  ) {
    guard count > 0 else { return }
    var runStart = Int(self[0].start)
    var i = 0
    while i < count {
      let line = self[i]
      if isDropped(line) {
        if Int(line.start) > runStart { out.put(bytes.slice(runStart, Int(line.start))) }
        runStart = Int(line.end)
      }
      i &+= 1
    }
    let end = Int(self[count &- 1].end)
    if end > runStart { out.put(bytes.slice(runStart, end)) }
  }
}
