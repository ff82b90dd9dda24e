package import Memory

/// Masks a credential in a text that comes in pieces, however it is cut: each byte of an occurrence reads `*`, so that
/// lengths stay.
///
/// Bytes that have gone out cannot be masked any more. So what a piece ends with is held back while it could be the
/// beginning of the credential: fewer bytes than that has.
package final class CredentialMask {
  private let search: CredentialSearch
  /// The end of what came, held back.
  private var held = ByteBuffer()
  /// Bytes at its beginning that belong to an occurrence which began before it.
  private var masked = 0

  package init(_ search: CredentialSearch) { self.search = search }

  /// Nothing is held back: what follows can be looked at by itself.
  package var isAtRest: Bool { held.isEmpty }

  deinit { held.overwriteWithZeros() }

  /// Appends to `out` what can be told of `piece` and of what was held back.
  package func take(_ piece: RawSpan, into out: inout ByteBuffer) {
    var text = ByteBuffer(capacity: held.count + piece.byteCount)
    text.put(held)
    text.put(piece)
    put(text.bytes, holdingBack: search.beginning(atEndOf: text.bytes), into: &out)
    text.overwriteWithZeros()
  }

  /// Appends the rest: nothing follows.
  package func finish(into out: inout ByteBuffer) {
    var text = ByteBuffer()
    swap(&text, &held)
    put(text.bytes, holdingBack: 0, into: &out)
    text.overwriteWithZeros()
  }

  /// The credential in a text as a whole.
  package static func mask(
    _ text: RawSpan, _ search: CredentialSearch, into out: inout ByteBuffer
  ) {
    CredentialMask(search).put(text, holdingBack: 0, into: &out)
  }

  private func put(_ text: RawSpan, holdingBack rest: Int, into out: inout ByteBuffer) {
    let end = text.byteCount - rest
    // What could have been the beginning of the credential hardly ever was.
    if masked == 0, !search.occurs(in: text) {
      out.put(text.slice(0, end))
      hold(text.slice(end, text.byteCount))
      return
    }
    // Up to where an occurrence reaches that has begun.
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
