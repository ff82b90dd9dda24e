internal import Glibc

/// A secret: an application's key or an access token.
///
/// The bytes are in separate pages that are kept out of core dumps and swap, and that are overwritten when the last
/// reference goes. They cannot be read as a `String`: they are lent as a span, to be written directly into the buffer
/// that goes out on the wire. Every description is redacted.
@safe package final class SecretBytes: @unchecked Sendable {
  // @unchecked: the memory is written once in `init`, and only read until `deinit`.
  private let base: UnsafeMutableRawPointer
  private let mappedBytes: Int
  /// Length in bytes.
  package let count: Int

  /// Copies `bytes` into protected memory. The caller overwrites its own copy.
  package init(copying bytes: RawSpan) {
    // Proof: the mapping belongs to this object alone, until `deinit` gives it back.
    unsafe (base, mappedBytes) = SecretPages.map(bytes)
    count = bytes.byteCount
  }

  /// Copies `bytes` into protected memory and overwrites them with zeros.
  package convenience init(taking bytes: inout [UInt8]) {
    self.init(copying: bytes.span.bytesOfElements)
    for i in bytes.indices { bytes[i] = 0 }
    bytes.removeAll()
  }

  deinit {
    // Proof: the mapping is ours and `mappedBytes` long. Nothing holds a span of it any more: spans borrow self.
    unsafe SecretPages.unmap(base, mappedBytes)
  }

  /// The secret, lent. Write it directly to its destination, and keep no copy.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // Proof: the mapping lives as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Whether both secrets are the same, in time that depends only on their lengths.
  package func hasSameBytes(as other: SecretBytes) -> Bool {
    guard count == other.count else { return false }
    var difference: UInt8 = 0
    for i in 0..<count { difference |= bytes[i] ^ other.bytes[i] }
    return difference == 0
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<secret>" }
  package var debugDescription: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

/// Memory for a secret, with one owner, so that reading it needs no reference counting. ``SecretBytes`` is the same for
/// many owners.
@safe package struct SecretPages: ~Copyable {
  @usableFromInline let base: UnsafeMutableRawPointer
  private let mappedBytes: Int
  /// Length in bytes.
  package let count: Int

  /// Copies `bytes` into protected memory. The caller overwrites its own copy.
  package init(copying bytes: RawSpan) {
    // Proof: the mapping belongs to this value alone, until `deinit` gives it back.
    unsafe (base, mappedBytes) = SecretPages.map(bytes)
    count = bytes.byteCount
  }

  deinit {
    // Proof: the mapping is ours and `mappedBytes` long. Nothing holds a span of it any more: spans borrow self.
    unsafe SecretPages.unmap(base, mappedBytes)
  }

  /// The secret, lent. Write it directly to its destination, and keep no copy.
  @inlinable package var bytes: RawSpan {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      // Proof: the mapping lives as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Maps pages that are kept out of dumps and swap, and copies `bytes` to their beginning.
  fileprivate static func map(_ bytes: RawSpan) -> (UnsafeMutableRawPointer, Int) {
    let page = Int(getpagesize())
    let mappedBytes = max(page, (bytes.byteCount + page - 1) / page * page)
    // Proof: a new anonymous mapping of `mappedBytes` > 0 bytes, checked before it is used.
    let memory = unsafe mmap(
      nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(unsafe memory != MAP_FAILED, "no memory for a secret")
    // Proof: mmap returns an address or MAP_FAILED, which was just excluded.
    let base = unsafe memory!
    // Best effort: a low RLIMIT_MEMLOCK must not stop the gateway.
    // Proof: both calls get exactly the mapping made above, and change no byte of it.
    _ = unsafe mlock(base, mappedBytes)
    _ = unsafe madvise(base, mappedBytes, MADV_DONTDUMP)
    unsafe bytes.withUnsafeBytes { source in
      if let address = source.baseAddress {
        // Proof: the mapping holds at least as many bytes and is ours alone.
        unsafe base.copyMemory(from: address, byteCount: source.count)
      }
    }
    return unsafe (base, mappedBytes)
  }

  /// Overwrites and gives back what ``map(_:)`` returned.
  fileprivate static func unmap(_ base: UnsafeMutableRawPointer, _ mappedBytes: Int) {
    // Proof: the callers own the mapping, which is `mappedBytes` long, and lend it no more.
    unsafe explicit_bzero(base, mappedBytes)
    _ = unsafe munmap(base, mappedBytes)
  }
}
