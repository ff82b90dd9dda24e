internal import Synchronization

/// A field that keeps its owner at its place in memory.
///
/// A large record of plain fields is copied to the stack for every call that only borrows it: the compiler treats it as
/// a value to be loaded. A record with an atomic in it cannot be loaded, so such calls get its address. Records that
/// live as long as their thread, and are borrowed several times per request, have this field: a relay has 1.1 KB.
@usableFromInline package struct StaysInPlace: ~Copyable, Sendable {
  private let anchor = Atomic<UInt8>(0)

  package init() {}
}
