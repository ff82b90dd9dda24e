internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// Keeps the credential that was put into a request from coming back to the caller in its answer, whoever echoes it: in
/// any field, and in a body as it is on the wire. Compressed bodies are not searched.
///
/// An answer's first bytes, its head among them, are searched in one pass. That costs a few loads per kilobyte
/// (``CredentialSearch``), and nothing is copied. Only bytes that contain the credential, or its possible beginning, go
/// through a ``CredentialMask``. The connection has it until nothing is held back any more.
extension Relay {
  /// Whether `bytes` contain the whole credential that the exchange's fetch was sent with.
  func reflects(_ id: SlabHandle, _ bytes: RawSpan) -> Bool {
    reflects(id, upstreams[exchanges[id].upstream].fetch.sent, bytes)
  }

  /// The same, for a function that already has the credential.
  @inline(__always)
  func reflects(_ id: SlabHandle, _ sent: SentCredential, _ bytes: RawSpan) -> Bool {
    guard sent.slot >= 0 else { return reflectsBasic(id, sent, bytes) }
    return tokens.isToken(TokenSlot(index: Int(sent.slot)), sent.generation, in: bytes)
  }

  @inline(never)
  private func reflectsBasic(_ id: SlabHandle, _ sent: SentCredential, _ bytes: RawSpan) -> Bool {
    sent.slot == SentCredential.basic
      && tokens.search(ofBasic: exchanges[id].plan.app).occurs(in: bytes)
  }

  private func credentialSearch(_ id: SlabHandle) -> CredentialSearch? {
    let sent = upstreams[exchanges[id].upstream].fetch.sent
    if sent.slot >= 0 {
      return tokens.search(of: TokenSlot(index: Int(sent.slot)), sent.generation)
    }
    return sent.slot == SentCredential.basic
      ? tokens.search(ofBasic: exchanges[id].plan.app) : nil
  }

  /// Whether the body under way must be searched. That includes a body for which a mask was begun before a reload.
  func mustScreen(_ id: SlabHandle) -> Bool {
    masksReflected || upstreams[exchanges[id].upstream].mask != nil
  }

  /// Masks the credential in ``output``, which holds a head.
  @inline(never)
  mutating func maskOutput(_ id: SlabHandle, at now: Int64) {
    guard let search = credentialSearch(id) else { return }
    tellOfReflection(id, at: now)
    var masked = ByteBuffer(capacity: output.count)
    CredentialMask.mask(output.bytes, search, into: &masked)
    swap(&masked, &output)
  }

  /// Passes a part of an answer's body through its mask if that is needed. False when `data` can go to the caller
  /// unchanged. Otherwise ``BodyWatch/screened`` holds what can go out instead, which may be nothing yet.
  @inline(never)
  mutating func screens(_ id: SlabHandle, _ data: RawSpan, at now: Int64) -> Bool {
    let upstream = exchanges[id].upstream
    if upstreams[upstream].mask == nil {
      let isHit = reflects(id, data)
      // A body that ends here cannot hold a beginning that continues.
      guard isHit || !upstreams[upstream].fetch.answer.isFinished,
        let search = credentialSearch(id), isHit || search.beginning(atEndOf: data) > 0
      else { return false }
      if isHit { tellOfReflection(id, at: now) }
      upstreams[upstream].mask = CredentialMask(search)
    }
    bodies.screened.removeAll()
    guard let mask = upstreams[upstream].mask else { return false }
    mask.take(data, into: &bodies.screened)
    // The rest of the body goes out unchanged again, until there is something to mask.
    if mask.isAtRest { upstreams[upstream].mask = nil }
    return true
  }

  /// Ends screening at the end of an answer's body: puts what was held back into ``BodyWatch/screened``. False when
  /// nothing was.
  @inline(never)
  mutating func endsScreening(_ id: SlabHandle) -> Bool {
    guard let mask = upstreams[exchanges[id].upstream].mask.take() else { return false }
    bodies.screened.removeAll()
    mask.finish(into: &bodies.screened)
    return !bodies.screened.isEmpty
  }

  /// Appends ``BodyWatch/screened`` to ``output``, as a part of the answer's body.
  mutating func putScreened(_ id: SlabHandle, isChunked: Bool) {
    guard !bodies.screened.isEmpty else { return }
    exchanges[id].capture?.takeResponse(whole: bodies.screened)
    if isChunked {
      ChunkWriter.put(whole: bodies.screened, into: &output)
    } else {
      output.put(bodies.screened)
    }
  }

  private mutating func tellOfReflection(_ id: SlabHandle, at now: Int64) {
    guard now >= complaints.ofReflectionAt else { return }
    complaints.ofReflectionAt = now + Relay.complaintPause
    let plan = exchanges[id].plan
    let call =
      plan.isKnownOperation
      ? OperationTable.operation(at: plan.operation).name.description
      : "a call outside the catalogue"
    shared.tell(
      "SCORM Cloud's answer to \(call) held the gateway's own credential, which was masked "
        + "(upstream.maskReflected)")
  }
}

extension ResponseHead {
  /// Whether the whole body follows the head in `bytes`, as it is: nothing of it is still to come, and nothing is cut
  /// into chunks.
  @inline(__always)
  func isFollowedByWholeBody(in bytes: RawSpan) -> Bool {
    switch framing {
    case .none: true
    case .length(let count): count <= bytes.byteCount &- length
    case .chunked, .untilClose: false
    }
  }
}
