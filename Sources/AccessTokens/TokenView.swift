package import Memory
internal import Synchronization

/// The result of looking up a token in a loop.
package enum TokenAvailability: Equatable, Sendable {
  /// ``TokenView/putAuthorization(of:into:)`` will write it.
  case usable
  /// There is no token yet: request it and wait for the wake-up.
  case missing
  /// Fetching fails. The next attempt is at `retryAt` (monotonic nanoseconds, perhaps just past). Refuse immediately:
  /// ``TokenView/failure(of:)`` says why.
  case failing(retryAt: Int64)
}

/// One event loop's own copy of the published tokens.
///
/// It is owned by its loop, so looking up a token and writing its header line needs no lock, no reference count and no
/// `String`. The lines are ready in one buffer and described by plain numbers.
package struct TokenView: ~Copyable {
  /// One slot's line in `arena`, with what can be known about it without a reference.
  private struct Line {
    var offset = 0
    /// 0 without a token.
    var length = 0
    var usableUntil = Int64.min
    var generation: UInt32 = 0
    var fingerprint: UInt32 = 0
    /// When a failing slot is tried again; `Int64.min` if it does not fail.
    var retryAt = Int64.min
    /// Until when callers wait although it fails; `Int64.min` if they are refused.
    var heldUntil = Int64.min
    /// Whether this view has marked the slot as used since it last copied.
    var isMarked = false
  }

  /// How one slot's token is found in an answer.
  private struct Mark {
    var generation: UInt32 = 0
    /// The distance between the positions of an answer at which the filter is tested.
    var span = Int32.max
    /// Where the filter begins in `arena`.
    var filter: UInt32 = 0
  }

  @usableFromInline var store: TokenStore
  @usableFromInline var seenVersion: UInt64 = 0
  /// `Authorization: Bearer …` lines with CR LF, one after the other. They are in separate memory for the same reason
  /// as each token: to keep them out of dumps and swap. Each line is followed by the filter that quickly shows whether
  /// an answer may contain its token (``CredentialSearch/putFilter(into:)``).
  private var arena = TokenView.blankArena()
  private var lines: [Line] = []
  private var marks: [Mark] = []
  private var failures: [TokenFailure?] = []
  private var basics: [BasicEntry] = []
  /// By slot, the search that finds its token in answers.
  private var searches: [CredentialSearch?] = []
  /// The searches for replaced tokens, which answers in flight may contain: the latest ones of all slots.
  private var former: [FormerToken] = []

  private struct FormerToken {
    let slot: Int
    let generation: UInt32
    let search: CredentialSearch
  }

  /// Enough for the tokens that a slot may have had during a call, for as many slots as are busy.
  private static let formerLimit = 64
  /// By slot, the number of requests that carried its token.
  private var uses: CounterBlock

  /// Creates a copy of the current content of `store`.
  package init(of store: TokenStore) {
    self.store = store
    uses = store.addUses()
    copy()
  }

  /// Copies again if something was published since, or if `store` is a different one (a reload). Call it once for each
  /// wake-up of the loop, before any lookup.
  @inlinable
  package mutating func refreshIfChanged(from store: TokenStore) {
    if store !== self.store || store.version.load(ordering: .acquiring) != seenVersion {
      refresh(from: store)
    }
  }

  @usableFromInline @inline(never)
  mutating func refresh(from store: TokenStore) {
    if store !== self.store {
      self.store = store
      uses = store.addUses()
    }
    copy()
  }

  private mutating func copy() {
    let (version, entries, basics) = store.wholeSnapshot()
    var bytesNeeded = CredentialSearch.filterBytes
    for case let token? in entries.lazy.map(\.token) {
      bytesNeeded += Self.bytesAroundToken + token.secret.count + CredentialSearch.filterBytes
    }
    // Reserved at full size, because a buffer that grows while it is filled leaves copies of tokens behind.
    var text = ByteBuffer(capacity: bytesNeeded)
    text.put(contentsOf: [UInt8](repeating: 0, count: CredentialSearch.filterBytes))
    keepFormer(entries)
    lines.removeAll(keepingCapacity: true)
    marks.removeAll(keepingCapacity: true)
    for entry in entries {
      var line = Line()
      var mark = Mark()
      if let failure = entry.failure {
        line.retryAt = failure.retryAt
        if failure.heldUntil > 0 { line.heldUntil = failure.heldUntil }
      }
      if let token = entry.token {
        line.offset = text.count
        text.put("Authorization: Bearer ")
        text.put(token.secret.bytes)
        text.put("\r\n")
        line.length = text.count - line.offset
        mark.generation = token.generation
        mark.span = Int32(clamping: token.search.span)
        mark.filter = UInt32(truncatingIfNeeded: text.count)
        token.search.putFilter(into: &text)
        line.usableUntil = token.usableUntil
        line.generation = token.generation
        line.fingerprint = token.fingerprint
      }
      lines.append(line)
      marks.append(mark)
    }
    arena = SecretPages(copying: text.bytes)
    text.overwriteWithZeros()
    if entries.count > uses.count { uses = store.addUses(uses) }
    failures = entries.map(\.failure)
    searches = entries.map { $0.token?.search }
    self.basics = basics
    seenVersion = version
  }

  /// Keeps the searches for tokens that are replaced.
  private mutating func keepFormer(_ entries: [TokenEntry]) {
    for (slot, search) in searches.enumerated() {
      guard let search, search !== entries[slot].token?.search else { continue }
      former.append(
        FormerToken(slot: slot, generation: lines[slot].generation, search: search))
    }
    if former.count > Self.formerLimit { former.removeFirst(former.count - Self.formerLimit) }
  }

  /// An arena without a token. Like every arena it begins with an empty filter, which slots without a token use.
  private static func blankArena() -> SecretPages {
    var text = ByteBuffer()
    text.put(contentsOf: [UInt8](repeating: 0, count: CredentialSearch.filterBytes))
    return SecretPages(copying: text.bytes)
  }

  /// `Authorization: Bearer ` and CR LF.
  private static let bytesAroundToken = 24

  /// Whether the token of `slot` may be sent at `now` (monotonic nanoseconds). Marks it as used, so that it is renewed.
  package mutating func state(of slot: TokenSlot, now: Int64) -> TokenAvailability {
    if !lines[slot.index].isMarked { mark(slot) }
    return look(at: slot, now: now)
  }

  /// The same, without marking it as used: for a call that is not sent.
  @inline(__always)
  package func look(at slot: TokenSlot, now: Int64) -> TokenAvailability {
    if now < lines[slot.index].usableUntil { return .usable }
    let retryAt = lines[slot.index].retryAt
    // Its secret is probably being replaced, so a caller that waits a little may succeed.
    if retryAt == .min || now < lines[slot.index].heldUntil { return .missing }
    return .failing(retryAt: retryAt)
  }

  /// Like ``state(of:now:)``, for a call that was refused with the token of generation `refused`: it waits for the next
  /// one, unless fetching that one fails.
  package mutating func state(
    of slot: TokenSlot, now: Int64, refused: UInt32
  ) -> TokenAvailability {
    let state = state(of: slot, now: now)
    let line = lines[slot.index]
    guard state == .usable, refused != 0, line.generation == refused else { return state }
    // Nothing has failed, the next attempt is in flight, or its secret is being replaced.
    if now >= line.retryAt || now < line.heldUntil { return .missing }
    return .failing(retryAt: line.retryAt)
  }

  @inline(never)
  private mutating func mark(_ slot: TokenSlot) {
    lines[slot.index].isMarked = true
    store.markUsed(slot)
  }

  /// Appends `Authorization: Bearer <token>` with CR LF to `out`.
  ///
  /// - Returns: False if the view has no token for `slot`; then nothing is written. The clock is not checked: call
  ///   ``state(of:now:)`` first.
  package func putAuthorization(of slot: TokenSlot, into out: inout ByteBuffer) -> Bool {
    let line = lines[slot.index]
    guard line.length > 0 else { return false }
    out.put(arena.bytes.slice(line.offset, line.offset &+ line.length))
    uses.add(1, to: slot.index)
    return true
  }

  /// The same for a token that exists. Returns what identifies it.
  @inline(__always)
  package func putToken(
    of slot: TokenSlot, into out: inout ByteBuffer
  ) -> (fingerprint: UInt32, generation: UInt32) {
    let line = lines[slot.index]
    out.put(arena.bytes.slice(line.offset, line.offset &+ line.length))
    uses.add(1, to: slot.index)
    return (line.fingerprint, line.generation)
  }

  /// Appends the `Authorization: Basic …` line of the app at `app` in the configuration's list.
  package func putBasic(app: Int, into out: inout ByteBuffer) {
    let line = basics[app].line
    out.put(line.bytes)
  }

  /// The generation of the secret in the app's Basic credential, to be given when the upstream refuses it.
  package func basicGeneration(app: Int) -> UInt32 { basics[app].generation }

  /// Rises when the app's Basic credential is replaced, and when it was checked and there is no other.
  package func basicChecks(app: Int) -> UInt32 { basics[app].checks }

  /// The generation of the token of `slot` in this view, to be given when the upstream refuses it; 0 without one.
  package func generation(of slot: TokenSlot) -> UInt32 { lines[slot.index].generation }

  /// The first four bytes of the token's SHA-256, for the log; 0 without one.
  package func fingerprint(of slot: TokenSlot) -> UInt32 { lines[slot.index].fingerprint }

  /// Monotonic nanoseconds from which the token must not be sent; `Int64.min` without one.
  package func usableUntil(of slot: TokenSlot) -> Int64 { lines[slot.index].usableUntil }

  /// Why the last fetch failed; nil if it did not fail.
  package func failure(of slot: TokenSlot) -> TokenFailure? { failures[slot.index] }

  // MARK: Credentials in answers

  /// Whether `bytes` contains the token of `slot` with this generation.
  @inline(__always)
  package func isToken(_ slot: TokenSlot, _ generation: UInt32, in bytes: RawSpan) -> Bool {
    let mark = marks[slot.index]
    guard mark.generation == generation else { return isFormerToken(slot, generation, in: bytes) }
    let span = Int(mark.span)
    let filter = arena.bytes.slice(
      Int(mark.filter), Int(mark.filter) &+ CredentialSearch.filterBytes)
    var place = bytes.firstFiltered(from: span &- 1, step: span, by: filter)
    while place < bytes.byteCount {
      if confirms(slot, in: bytes, around: place) { return true }
      place = bytes.firstFiltered(from: place &+ span, step: span, by: filter)
    }
    return false
  }

  /// Whether the token really is around `place`, where the filter matched. About one match in twenty positions is
  /// false.
  @inline(never)
  private func confirms(_ slot: TokenSlot, in bytes: RawSpan, around place: Int) -> Bool {
    searches[slot.index]?.occurs(in: bytes, around: place) ?? false
  }

  @inline(never)
  private func isFormerToken(_ slot: TokenSlot, _ generation: UInt32, in bytes: RawSpan) -> Bool {
    search(of: slot, generation)?.occurs(in: bytes) ?? false
  }

  /// The search that finds the token of `slot` with this generation; nil if so many have followed that it has hardly
  /// any lifetime left.
  @inline(never)
  package func search(of slot: TokenSlot, _ generation: UInt32) -> CredentialSearch? {
    if lines[slot.index].generation == generation { return searches[slot.index] }
    return former.last { $0.slot == slot.index && $0.generation == generation }?.search
  }

  /// The search that finds the app's Basic credential and the secret key in it, and their predecessors.
  package func search(ofBasic app: Int) -> CredentialSearch { basics[app].search }

  /// Overwrites the tokens of this copy when a loop ends. The view has no token afterwards.
  package mutating func wipe() {
    arena = TokenView.blankArena()
    searches = []
    former = []
    for i in lines.indices {
      lines[i] = Line()
      marks[i] = Mark()
    }
  }
}
