internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import TrafficLog

/// The bodies of one exchange that is recorded with them. There is none for any other exchange.
final class BodyCapture {
  /// A body in one direction.
  struct Part: ~Copyable {
    private var bytes = ByteBuffer()
    private var size = 0
    /// Memory of `bytes` that is accounted for.
    private(set) var held = 0
    /// The bytes cannot be read as they are, or are a part by themselves.
    var omission: BodyOmission?

    /// Takes bytes of the body, framing removed. Of one that is too long, or for which there is no room,
    /// nothing is kept.
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

    /// Adds what is to be told of it; nothing of an empty one.
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
  /// The upstream's answer has begun: ours, of an error, are not recorded.
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
    // What a path leads to in a part is anybody's guess.
    if status == 206 { response.omission = .incomplete }
  }

  func takeResponse(whole data: borrowing ByteBuffer) { takeResponse(data.bytes) }

  func takeResponse(_ data: RawSpan) { response.take(data, limit: rule.maxBytes, room) }

  /// Adds both bodies to a line that was ended.
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
