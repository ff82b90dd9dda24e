internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// The credential that was put into a request does not come back to a caller in its answer, whoever echoes it: in any
/// field, and in a body as it lies on the wire. What is compressed is not looked into.
///
/// An answer's first bytes, its head among them, are looked through at once; that costs a few loads a kilobyte
/// (``CredentialSearch``), and nothing is copied. Only where the credential stands, or may begin, its bytes go through a
/// ``CredentialMask``, which the connection has until nothing is held back any more.
extension Relay {
  /// Whether the credential that the exchange's fetch was sent with stands in `bytes` as a whole.
  func reflects(_ id: SlabHandle, _ bytes: RawSpan) -> Bool {
    reflects(id, upstreams[exchanges[id].upstream].fetch.sent, bytes)
  }

  /// The same, for who knows the credential.
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

  /// Whether the body under way has to be looked through: also one that a mask has begun with before a reload.
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

  /// Passes a part of an answer's body through its mask if it has to. False when `data` can be told as it is; else
  /// ``BodyWatch/screened`` holds what can be told instead, which may be nothing yet.
  @inline(never)
  mutating func screens(_ id: SlabHandle, _ data: RawSpan, at now: Int64) -> Bool {
    let upstream = exchanges[id].upstream
    if upstreams[upstream].mask == nil {
      let isHit = reflects(id, data)
      // What ends here begins nothing.
      guard isHit || !upstreams[upstream].fetch.answer.isFinished,
        let search = credentialSearch(id), isHit || search.beginning(atEndOf: data) > 0
      else { return false }
      if isHit { tellOfReflection(id, at: now) }
      upstreams[upstream].mask = CredentialMask(search)
    }
    bodies.screened.removeAll()
    guard let mask = upstreams[upstream].mask else { return false }
    mask.take(data, into: &bodies.screened)
    // The rest of the body goes as it is again, until there is something to mask.
    if mask.isAtRest { upstreams[upstream].mask = nil }
    return true
  }

  /// An answer's body has come to its end: puts what is still held back of it into ``BodyWatch/screened``. False when nothing is.
  @inline(never)
  mutating func endsScreening(_ id: SlabHandle) -> Bool {
    guard let mask = upstreams[exchanges[id].upstream].mask.take() else { return false }
    bodies.screened.removeAll()
    mask.finish(into: &bodies.screened)
    return !bodies.screened.isEmpty
  }

  /// Puts ``BodyWatch/screened`` into ``output``, as a part of the answer's body.
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
  /// Whether all of the answer's body stands behind its head in `bytes`, as it is: nothing of it is still to come, or
  /// was cut into chunks.
  @inline(__always)
  func isFollowedByWholeBody(in bytes: RawSpan) -> Bool {
    switch framing {
    case .none: true
    case .length(let count): count <= bytes.byteCount &- length
    case .chunked, .untilClose: false
    }
  }
}
