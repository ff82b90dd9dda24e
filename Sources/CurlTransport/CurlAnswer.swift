internal import Memory

/// The body of an answer, as far as it has arrived. libcurl's callback gets its address.
final class CurlAnswer {
  private let limit: Int?
  private let isSecret: Bool
  private var bytes: ByteBuffer
  /// Whether more arrived than the limit allows.
  private(set) var isTooLarge = false

  init(_ answer: CurlRequest.Answer) {
    switch answer {
    case .ignored: (limit, isSecret) = (nil, false)
    case .collected(let limit): (self.limit, isSecret) = (limit, false)
    case .secret(let limit): (self.limit, isSecret) = (limit, true)
    }
    // For a secret, all memory is allocated at once: growing would leave copies behind.
    bytes = ByteBuffer(capacity: isSecret ? limit ?? 0 : 0)
  }

  deinit { if isSecret { bytes.overwriteWithZeros() } }

  /// Takes a piece; false ends the transfer.
  func receive(_ piece: RawSpan) -> Bool {
    guard let limit else { return true }
    guard bytes.count + piece.byteCount <= limit else {
      isTooLarge = true
      return false
    }
    bytes.put(piece)
    return true
  }

  /// Returns what has arrived and gives up its ownership. A caller that takes a secret must overwrite it after reading.
  func take() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &bytes)
    isTooLarge = false
    return taken
  }
}
