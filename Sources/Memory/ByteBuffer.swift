/// A growable buffer of bytes with one owner: appended at the end, consumed at the front.
///
/// Nearly all bytes of this project are stored in it: read buffers, output queues, rewritten heads and log batches. It
/// never shrinks by itself; ``release()`` gives the memory back.
///
/// The type is `@usableFromInline`, like the others here. Without that, members of a `package` type are not inlined
/// into other modules, even if they are `@inlinable`.
///
/// - Note: Appending may move the bytes, so nothing may keep a pointer to them. The borrow checker enforces that for
///   ``bytes``, whose span cannot outlive the borrow.
@usableFromInline @safe package struct ByteBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  /// Bytes allocated at `base`; 0 means nothing is allocated.
  @usableFromInline var capacity: Int
  /// Offset of the first byte that was not consumed yet.
  @usableFromInline var start: Int
  /// Offset after the last byte. Invariant: 0 <= start <= end <= capacity.
  @usableFromInline var end: Int

  /// A buffer with room for `capacity` bytes; 0 allocates nothing until the first append.
  @inlinable
  package init(capacity: Int = 0) {
    self.capacity = capacity
    // Proof: what `allocate` returns holds `capacity` bytes, which are ours until `makeRoom`, `release` or `deinit`.
    unsafe base = unsafe ByteBuffer.allocate(capacity)
    start = 0
    end = 0
  }

  @inlinable
  deinit {
    // Proof: with capacity > 0, `base` came from `allocate` and was not given back.
    if capacity > 0 { unsafe ByteBuffer.free(base, capacity) }
  }

  @inlinable @inline(__always)
  static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    // Proof: 1 is not 0, so the result is not nil. With capacity 0 it is never read or written: every access checks
    // start <= end <= capacity.
    capacity > 0
      ? unsafe allocateMemory(capacity) : unsafe UnsafeMutablePointer<UInt8>(bitPattern: 1)!
  }

  @usableFromInline @inline(never)
  static func allocateMemory(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    HeldBytes.add(capacity)
    return UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  }

  /// Gives back what ``allocate(_:)`` returned for `capacity`, which is not 0.
  @usableFromInline
  static func free(_ memory: UnsafeMutablePointer<UInt8>, _ capacity: Int) {
    HeldBytes.subtract(capacity)
    // Proof: the owner gives up its memory with this call, and knows the size that it allocated.
    unsafe memory.deallocate()
  }

  /// How many unconsumed bytes the buffer has.
  @inlinable @inline(__always)
  package var count: Int { end &- start }

  @inlinable @inline(__always)
  package var isEmpty: Bool { end == start }

  /// Bytes of memory that the buffer holds.
  @inlinable @inline(__always)
  package var allocatedBytes: Int { capacity }

  /// The unconsumed bytes, borrowed.
  @inlinable @inline(__always)
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // Proof: start...end is within the allocation (invariant), and the span borrows self.
      let span = unsafe RawSpan(_unsafeStart: base + start, byteCount: end &- start)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Makes room for `extra` more bytes after the last one.
  @inlinable @inline(__always)
  package mutating func reserve(_ extra: Int) {
    if capacity &- end < extra { makeRoom(extra) }
  }

  @usableFromInline @inline(never)
  mutating func makeRoom(_ extra: Int) {
    precondition(extra >= 0)
    let waiting = count
    if start > 0 && waiting + extra <= capacity {
      // There is enough room when the space of the consumed bytes is reused.
      // Proof: start + waiting = end <= capacity, and `update` allows overlapping memory.
      unsafe base.update(from: base + start, count: waiting)
    } else {
      let larger = max(64, max(capacity * 2, waiting + extra))
      // Proof: `moved` holds `larger` >= waiting bytes, `base` holds waiting bytes from `start` on; the old memory is
      // given back after the copy.
      let moved = unsafe ByteBuffer.allocate(larger)
      unsafe moved.update(from: base + start, count: waiting)
      if capacity > 0 { unsafe ByteBuffer.free(base, capacity) }
      unsafe base = moved
      capacity = larger
    }
    start = 0
    end = waiting
  }

  /// Appends `span`.
  @inlinable @inline(__always)
  package mutating func put(_ span: RawSpan) {
    let length = span.byteCount
    reserve(length)
    // Proof: reserve ensured end + length <= capacity; a span never overlaps a buffer that is borrowed mutably.
    let target = unsafe base + end
    unsafe span.withUnsafeBytes { source in
      if let address = source.baseAddress {
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: address, byteCount: length)
      }
    }
    end &+= length
  }

  /// Appends `span`, which may be long, in pieces that the C library copies with vector instructions. Longer pieces it
  /// copies with one instruction, `rep movsb`, which takes twenty times as long when the target is a few bytes further
  /// into its page than the source.
  @inline(never)
  package mutating func put(long span: RawSpan) {
    let length = span.byteCount
    reserve(length)
    var at = 0
    while at < length {
      let next = min(length, at &+ 2048)
      put(span.slice(at, next))
      at = next
    }
  }

  /// Appends the unconsumed bytes of `other`.
  @inlinable @inline(__always)
  package mutating func put(_ other: borrowing ByteBuffer) { put(other.bytes) }

  /// Appends the bytes `start..<end` of the unconsumed bytes of `other`. Traps when they are out of bounds.
  @inlinable @inline(__always)
  package mutating func put(_ other: borrowing ByteBuffer, _ start: Int, _ end: Int) {
    put(other.bytes.slice(start, end))
  }

  /// Appends the bytes of a literal.
  @inlinable @inline(__always)
  package mutating func put(_ literal: StaticString) {
    let length = literal.utf8CodeUnitCount
    reserve(length)
    // Proof: reserve ensured end + length <= capacity, and a literal holds `length` bytes.
    unsafe UnsafeMutableRawPointer(base + end).copyMemory(
      from: literal.utf8Start, byteCount: length)
    end &+= length
  }

  /// Appends one byte.
  @inlinable @inline(__always)
  package mutating func put(_ byte: UInt8) {
    reserve(1)
    // Proof: reserve ensured end < capacity.
    unsafe base[end] = byte
    end &+= 1
  }

  /// Appends `text` as UTF-8.
  package mutating func put(text: String) { put(text.utf8.span.bytesOfElements) }

  /// Appends `bytes`; for slow paths.
  package mutating func put(contentsOf bytes: [UInt8]) {
    put(bytes.span.bytesOfElements)
  }

  /// Appends the first `count` bytes of `word`, the lowest first. `count` is 0...8.
  @inlinable @inline(__always)
  package mutating func put(word: UInt64, count: Int) {
    precondition(count >= 0 && count <= 8)
    reserve(8)
    // Proof: reserve ensured end + 8 <= capacity; of the eight bytes written, the first `count` are kept.
    unsafe UnsafeMutableRawPointer(base + end).storeBytes(of: word.littleEndian, as: UInt64.self)
    end &+= count
  }

  /// Appends `value` in decimal digits.
  @inlinable
  package mutating func put(decimal value: Int) {
    if value < 0 { put(UInt8(ascii: "-")) }
    let rest = value.magnitude
    if rest < 10 {
      put(UInt8(truncatingIfNeeded: rest) &+ 0x30)
    } else if rest < 100_000_000 {
      let digits = DigitWords.decimal(UInt64(rest))
      // The value is not zero, so not all eight bytes are leading zeros.
      let zeros = digits.trailingZeroBitCount &>> 3
      put(
        word: (digits | DigitWords.asciiZeros) &>> UInt64(zeros &* 8), count: 8 &- zeros)
    } else {
      put(decimal: Int(rest / 100_000_000))
      put(decimal: Int(rest % 100_000_000), width: 8)
    }
  }

  /// Appends `value` as exactly `width` decimal digits, without its higher digits. `width` is 1...20.
  @inlinable
  package mutating func put(decimal value: Int, width: Int) {
    precondition(width > 0 && width <= 20)
    let rest = value.magnitude
    if width > 8 {
      put(decimal: Int(rest / 100_000_000), width: width &- 8)
      put(decimal: Int(rest % 100_000_000), width: 8)
      return
    }
    let known = rest < 100_000_000 ? rest : rest % 100_000_000
    let digits = DigitWords.decimal(UInt64(known)) | DigitWords.asciiZeros
    put(word: digits &>> UInt64((8 &- width) &* 8), count: width)
  }

  /// Appends `value` millionths as a decimal fraction with six digits after the point: 1500 as `0.001500`. `value` must
  /// not be negative.
  @inlinable
  package mutating func put(millionths value: Int) {
    precondition(value >= 0)
    guard value < 1_000_000 else {
      put(decimal: value / 1_000_000)
      put(UInt8(ascii: "."))
      put(decimal: value % 1_000_000, width: 6)
      return
    }
    // The eight digits begin with two zeros. The point replaces the second one.
    let digits = DigitWords.decimal(UInt64(value)) | DigitWords.asciiZeros
    put(word: digits ^ UInt64(UInt8(ascii: "0") ^ UInt8(ascii: ".")) &<< 8, count: 8)
  }

  /// Appends `value` in lower-case hexadecimal digits, without leading zeros.
  @inlinable
  package mutating func put(hexadecimal value: Int) {
    precondition(value >= 0)
    let digits = max(1, (UInt.bitWidth &- value.leadingZeroBitCount &+ 3) / 4)
    put(hexadecimal: UInt64(value), width: digits)
  }

  /// Appends the low `width` hexadecimal digits of `value`. `width` is 1...16.
  @inlinable
  package mutating func put(hexadecimal value: UInt64, width: Int) {
    precondition(width > 0 && width <= 16)
    let low = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: value))
    guard width > 8 else {
      put(word: low &>> UInt64((8 &- width) &* 8), count: width)
      return
    }
    let high = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: value &>> 32))
    put(word: high &>> UInt64((16 &- width) &* 8), count: width &- 8)
    put(word: low, count: 8)
  }

  /// Appends a 128-bit number as 32 hexadecimal digits in lower case.
  @inlinable
  package mutating func put(hexadecimal high: UInt64, _ low: UInt64) {
    reserve(32)
    // Proof: reserve ensured end + 32 <= capacity, and four words of eight bytes are written, here and below.
    let target = unsafe UnsafeMutableRawPointer(base + end)
    let first = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: high &>> 32))
    unsafe target.storeBytes(of: first.littleEndian, as: UInt64.self)
    let second = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: high))
    unsafe target.storeBytes(of: second.littleEndian, toByteOffset: 8, as: UInt64.self)
    let third = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: low &>> 32))
    unsafe target.storeBytes(of: third.littleEndian, toByteOffset: 16, as: UInt64.self)
    let fourth = DigitWords.hexadecimal(UInt32(truncatingIfNeeded: low))
    unsafe target.storeBytes(of: fourth.littleEndian, toByteOffset: 24, as: UInt64.self)
    end &+= 32
  }

  /// Drops the first `n` unconsumed bytes. Traps when there are fewer.
  @inlinable @inline(__always)
  package mutating func consume(_ n: Int) {
    precondition(n >= 0 && n <= count)
    start &+= n
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Keeps the first `n` unconsumed bytes and drops the rest. Traps when there are fewer.
  @inlinable @inline(__always)
  package mutating func truncate(to n: Int) {
    precondition(n >= 0 && n <= count)
    end = start &+ n
  }

  /// Drops all bytes and keeps the memory.
  @inlinable @inline(__always)
  package mutating func removeAll() {
    start = 0
    end = 0
  }

  /// Overwrites the unconsumed bytes `first ..< last`, which were a secret, with zeros in place.
  package mutating func overwrite(from first: Int, to last: Int) {
    precondition(0 <= first && first <= last && last <= count)
    // Proof: first ... last is within the unconsumed bytes, as just checked.
    unsafe (base + start + first).update(repeating: 0, count: last - first)
  }

  /// Overwrites the unconsumed bytes with zeros and drops them.
  ///
  /// For buffers that held a secret. Such a buffer must not have been consumed from, and must not have grown while it
  /// was filled: other copies are not overwritten.
  package mutating func overwriteWithZeros() {
    overwrite(from: 0, to: count)
    removeAll()
  }

  /// Drops all bytes and gives the memory back.
  package mutating func release() {
    // Proof: with capacity > 0, `base` came from `allocate`; nothing refers to it after this.
    if capacity > 0 { unsafe ByteBuffer.free(base, capacity) }
    unsafe base = unsafe ByteBuffer.allocate(0)
    capacity = 0
    start = 0
    end = 0
  }

  /// Drops all bytes and lends the whole memory to `fill`, which returns how many bytes it wrote at its start.
  ///
  /// For system calls that write: `recv`, `SSL_read`. Traps when `fill` returns more than it was lent.
  @inlinable
  package mutating func refill(_ fill: (UnsafeMutableRawBufferPointer) -> Int) {
    // Proof: base holds capacity bytes; the pointer does not outlive the call.
    let written = unsafe fill(UnsafeMutableRawBufferPointer(start: base, count: capacity))
    precondition(written >= 0 && written <= capacity)
    start = 0
    end = written
  }

  /// Lends `count` bytes after the last one to `fill`, which returns how many it wrote at their start.
  package mutating func put(upTo count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) {
    precondition(count >= 0)
    reserve(count)
    // Proof: there is room for count bytes at `end` now; the pointer does not outlive the call.
    let written = unsafe fill(UnsafeMutableRawBufferPointer(start: base + end, count: count))
    precondition(written >= 0 && written <= count)
    end &+= written
  }
}

extension Array where Element == UInt8 {
  /// Copies the bytes of `span`.
  package init(_ span: RawSpan) { self = span.copied() }
}

extension Span where Element == UInt8 {
  /// The same bytes as a raw span.
  @inlinable @inline(__always)
  package var bytesOfElements: RawSpan {
    @_lifetime(copy self)
    get {
      // Proof: a UInt8 has no padding, so every byte of the span is initialised.
      unsafe bytes
    }
  }
}

// Proof: the buffer is the only owner of its memory and cannot be copied, so it moves between threads as a whole.
extension ByteBuffer: @unchecked Sendable {}
