internal import Synchronization

/// A field that keeps its owner where it lies.
///
/// A large record of plain fields is copied to the stack, all of it, for every call that only borrows it: the
/// compiler takes it for a value to be loaded. A record with an atomic in it cannot be loaded, so such calls get its
/// address. Records that live as long as their thread, and are borrowed several times a request, have one of these:
/// a relay is 1.1 KB.
@usableFromInline package struct StaysInPlace: ~Copyable, Sendable {
  private let anchor = Atomic<UInt8>(0)

  package init() {}
}
