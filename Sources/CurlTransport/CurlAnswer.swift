internal import Memory

/// The body of an answer, as far as it has come. Its address is what libcurl's callback is given.
final class CurlAnswer {
  private let limit: Int?
  private let isSecret: Bool
  private var bytes: ByteBuffer
  /// Whether more came than is wanted.
  private(set) var isTooLarge = false

  init(_ answer: CurlRequest.Answer) {
    switch answer {
    case .ignored: (limit, isSecret) = (nil, false)
    case .collected(let limit): (self.limit, isSecret) = (limit, false)
    case .secret(let limit): (self.limit, isSecret) = (limit, true)
    }
    // A secret has all its room at once: growing would leave copies behind.
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

  /// Gives away what has come. Whoever takes a secret overwrites it after reading.
  func take() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &bytes)
    isTooLarge = false
    return taken
  }
}
