package import Memory

/// Masks a credential in a text that arrives in pieces, however it is split. Each byte of an occurrence becomes `*`, so
/// lengths do not change.
///
/// Bytes that were passed on can no longer be masked. So the end of a piece is held back while it could be the
/// beginning of the credential. That is always fewer bytes than the credential has.
package final class CredentialMask {
  private let search: CredentialSearch
  /// The end of what was received, held back.
  private var held = ByteBuffer()
  /// Bytes at its beginning that belong to an occurrence which began before it.
  private var masked = 0

  package init(_ search: CredentialSearch) { self.search = search }

  /// Whether nothing is held back, so that the next piece can be examined on its own.
  package var isAtRest: Bool { held.isEmpty }

  deinit { held.overwriteWithZeros() }

  /// Appends to `out` the part of `piece` and of the bytes held back that is decided.
  package func take(_ piece: RawSpan, into out: inout ByteBuffer) {
    var text = ByteBuffer(capacity: held.count + piece.byteCount)
    text.put(held)
    text.put(piece)
    put(text.bytes, holdingBack: search.beginning(atEndOf: text.bytes), into: &out)
    text.overwriteWithZeros()
  }

  /// Appends the rest at the end of the text.
  package func finish(into out: inout ByteBuffer) {
    var text = ByteBuffer()
    swap(&text, &held)
    put(text.bytes, holdingBack: 0, into: &out)
    text.overwriteWithZeros()
  }

  /// Masks the credential in a complete text.
  package static func mask(
    _ text: RawSpan, _ search: CredentialSearch, into out: inout ByteBuffer
  ) {
    CredentialMask(search).put(text, holdingBack: 0, into: &out)
  }

  private func put(_ text: RawSpan, holdingBack rest: Int, into out: inout ByteBuffer) {
    let end = text.byteCount - rest
    // Nearly always, what could have been the beginning of the credential was not.
    if masked == 0, !search.occurs(in: text) {
      out.put(text.slice(0, end))
      hold(text.slice(end, text.byteCount))
      return
    }
    // Where the occurrences that have begun end.
    var maskedEnd = masked
    var plainStart = 0
    var at = 0
    while at < end {
      maskedEnd = max(maskedEnd, at + search.length(at: at, in: text))
      if at < maskedEnd {
        if plainStart < at { out.put(text.slice(plainStart, at)) }
        out.put(UInt8(ascii: "*"))
        plainStart = at + 1
      }
      at += 1
    }
    if plainStart < end { out.put(text.slice(plainStart, end)) }
    masked = max(0, maskedEnd - end)
    hold(text.slice(end, text.byteCount))
  }

  private func hold(_ rest: RawSpan) {
    held.overwriteWithZeros()
    held.put(rest)
  }
}
