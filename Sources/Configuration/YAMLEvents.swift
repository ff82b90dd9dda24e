internal import CLibYAML

/// An event of a YAML text.
struct YAMLEvent {
  enum Kind {
    case documentStart
    case alias
    /// `plain` means without quotes: a plain `null` is the absence of a value, a quoted one is text.
    case scalar(String, plain: Bool)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
    case streamEnd
  }

  let kind: Kind
  let line: Int
  let column: Int
  let hasAnchor: Bool
  let hasTag: Bool
}

/// Why the text is not YAML.
struct YAMLSyntaxError: Error {
  let line: Int
  let column: Int
  /// The offset of a byte that cannot be read; nil if `line` and `column` give the place.
  let byte: Int?
  /// libyaml's message, which quotes nothing of the text.
  let message: String
}

/// Reads a YAML text event by event with libyaml, through the C wrapper of this module.
@safe struct YAMLEvents: ~Copyable {
  private let parser: UnsafeMutablePointer<cly_parser>

  /// Reads `bytes`, which must be UTF-8. Nil if there is no memory.
  init?(_ bytes: [UInt8]) {
    // Proof: cly_open copies the bytes before it returns, and the pointer holds `count` of them.
    let opened = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe cly_open(buffer.baseAddress, buffer.count)
    }
    guard let opened = unsafe opened else { return nil }
    unsafe parser = opened
  }

  deinit {
    // Proof: the only owner closes it exactly once.
    unsafe cly_close(parser)
  }

  /// The next event. Do not call this again after an error or ``YAMLEvent/Kind/streamEnd``.
  mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
    while true {
      var event = unsafe cly_event()
      // Proof: both pointers are valid for the call; the text is copied before the next one.
      guard unsafe cly_next(parser, &event) == 1 else { throw failure() }
      guard let kind = unsafe kind(of: event) else { continue }
      return unsafe YAMLEvent(
        kind: kind, line: Int(event.line), column: Int(event.column),
        hasAnchor: event.has_anchor != 0, hasTag: event.has_tag != 0)
    }
  }

  private func kind(of event: cly_event) -> YAMLEvent.Kind? {
    switch unsafe Int(event.kind) {
    case Int(cly_stream_end): return .streamEnd
    case Int(cly_document_start): return .documentStart
    case Int(cly_alias): return .alias
    case Int(cly_sequence_start): return .sequenceStart
    case Int(cly_sequence_end): return .sequenceEnd
    case Int(cly_mapping_start): return .mappingStart
    case Int(cly_mapping_end): return .mappingEnd
    case Int(cly_scalar):
      // Proof: the parser keeps `length` bytes at `text` until its next event.
      let bytes = unsafe UnsafeBufferPointer(start: event.text, count: Int(event.length))
      return unsafe .scalar(String(decoding: bytes, as: UTF8.self), plain: event.plain != 0)
    default: return nil
    }
  }

  private func failure() -> YAMLSyntaxError {
    // Proof: both texts are static strings of libyaml.
    let problem = unsafe String(cString: cly_problem(parser))
    let context = unsafe String(cString: cly_problem_context(parser))
    let offset = unsafe Int(cly_problem_offset(parser))
    return unsafe YAMLSyntaxError(
      line: Int(cly_problem_line(parser)), column: Int(cly_problem_column(parser)),
      byte: offset >= 0 ? offset : nil,
      message: context.isEmpty ? problem : "\(problem) \(context)")
  }
}
