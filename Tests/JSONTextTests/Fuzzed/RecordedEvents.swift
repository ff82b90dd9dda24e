import JSONText
import Memory

/// The reader's events for a text, with the parts of each token joined. They must not depend on how the text was cut.
struct RecordedEvents: Equatable {
  struct Token: Equatable {
    var kind: JSONEvent.Kind
    var text: [UInt8] = []
    /// The token's offset in the whole text.
    var offset: Int
    var isWhole = false
    var isComplete = false
  }

  var tokens: [Token] = []
  var defect: JSONDefect?
  /// Whether there were misleading parts: without the token's beginning, after its end, or of a token that the end of
  /// the text cuts.
  var hasStrayParts = false

  /// Reads `bytes` cut into pieces of the given lengths, repeated.
  init(
    _ bytes: [UInt8], pieces: [Int], depthLimit: Int = 16, allowsLoneSurrogates: Bool = false,
    reportedDepth: Int = .max
  ) {
    var reader = JSONReader(depthLimit: depthLimit, allowsLoneSurrogates: allowsLoneSurrogates)
    reader.reportedDepth = reportedDepth
    let span = bytes.span.bytesOfElements
    var start = 0
    var turn = 0
    do throws(JSONDefect) {
      repeat {
        let end = min(bytes.count, start + max(1, pieces[turn % pieces.count]))
        turn += 1
        let piece = span.slice(start, end)
        while let event = try reader.next(in: piece, isLast: end == bytes.count) {
          if end == bytes.count, !event.isLast { hasStrayParts = true }
          take(event, piece.slice(event.start, event.end).copied(), reader.tokenOffset)
        }
        start = end
      } while start < bytes.count
    } catch { defect = error }
  }

  private mutating func take(_ event: JSONEvent, _ text: [UInt8], _ offset: Int) {
    if event.isFirst {
      hasStrayParts = hasStrayParts || tokens.last?.isComplete == false
      tokens.append(Token(kind: event.kind, offset: offset))
    }
    guard let last = tokens.indices.last, !tokens[last].isComplete,
      tokens[last].kind == event.kind, tokens[last].offset == offset
    else {
      hasStrayParts = true
      return
    }
    tokens[last].text += text
    tokens[last].isComplete = event.isLast
    tokens[last].isWhole = event.isWhole
  }

  /// Without incomplete tokens: if a text is refused in the middle of a token, an arbitrary part of that token was
  /// reported.
  var withoutRest: RecordedEvents {
    var copy = self
    copy.tokens.removeAll { !$0.isComplete }
    return copy
  }
}
