internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import TrafficLog

/// The recorded bodies of one exchange. Exchanges that are not recorded have no such object.
final class BodyCapture {
  /// A body in one direction.
  struct Part: ~Copyable {
    private var bytes = ByteBuffer()
    private var size = 0
    /// Memory of `bytes` that was taken from the room.
    private(set) var held = 0
    /// Why the bytes are not recorded: they are encoded, are only a part, are too long, or there was no room.
    var omission: BodyOmission?

    /// Takes bytes of the body, without their framing. Keeps nothing of a body that is too long or that there is no
    /// room for.
    mutating func take(_ data: RawSpan, limit: Int, _ room: CaptureRoom) {
      size += data.byteCount
      guard omission == nil else { return }
      guard size <= limit else {
        drop(.tooLong, room)
        return
      }
      bytes.put(data)
      let grown = bytes.allocatedBytes - held
      guard grown > 0 else { return }
      if room.take(grown) { held += grown } else { drop(.noRoom, room) }
    }

    private mutating func drop(_ reason: BodyOmission, _ room: CaptureRoom) {
      omission = reason
      bytes.release()
      room.give(held)
      held = 0
    }

    /// Appends the body, or why it was omitted; nothing for an empty body.
    mutating func put(
      _ side: TrafficLine.Side, isComplete: Bool, _ redaction: BodyRedaction,
      into line: inout ByteBuffer
    ) {
      if let reason = omission ?? (isComplete ? nil : .incomplete) {
        if size > 0 || !isComplete { TrafficLine.putOmission(side, reason, into: &line) }
      } else if size > 0 {
        TrafficLine.putBody(side, bytes.bytes, redaction, into: &line)
      }
    }
  }

  let rule: BodyCaptures.Rule
  private let room: CaptureRoom
  private var request = Part()
  private var response = Part()
  /// The upstream's answer has begun. The gateway's own error answers are not recorded.
  private var hasAnswer = false

  init(
    _ rule: BodyCaptures.Rule, room: CaptureRoom, request fields: borrowing FieldList,
    in bytes: RawSpan
  ) {
    self.rule = rule
    self.room = room
    if ResponseHeadRewriter.isEncoded(fields, in: bytes) { request.omission = .encoded }
  }

  deinit { room.give(request.held + response.held) }

  func takeRequest(_ data: RawSpan) { request.take(data, limit: rule.maxBytes, room) }

  func beginResponse(status: Int, _ fields: borrowing FieldList, in bytes: RawSpan) {
    hasAnswer = true
    if ResponseHeadRewriter.isEncoded(fields, in: bytes) { response.omission = .encoded }
    // Redaction rules name paths into the body, which mean nothing in a part of it.
    if status == 206 { response.omission = .incomplete }
  }

  func takeResponse(whole data: borrowing ByteBuffer) { takeResponse(data.bytes) }

  func takeResponse(_ data: RawSpan) { response.take(data, limit: rule.maxBytes, room) }

  /// Appends both bodies to a line that was already closed.
  func put(
    requestIsComplete: Bool, responseIsComplete: Bool, into line: inout ByteBuffer
  ) {
    TrafficLine.reopen(&line)
    request.put(.request, isComplete: requestIsComplete, rule.redaction, into: &line)
    if hasAnswer {
      response.put(.response, isComplete: responseIsComplete, rule.redaction, into: &line)
    }
    TrafficLine.close(&line)
  }
}
