import Memory

@testable import HTTPMessages

/// The bytes of a payload written with a scalar for each byte, so that `\u{E9}` is the byte 0xE9.
func payload(_ text: String) -> [UInt8] {
  text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// The result of reading bytes.
enum Verdict<Fault: Error & Equatable & Sendable>: Equatable, Sendable {
  /// More bytes are needed.
  case incomplete
  case refused(Fault)
  /// Accepted, with the result of reading.
  case accepted(Reading)
}

/// An accepted message in plain values.
struct Reading: Equatable, Sendable {
  /// The start line and the values derived from the head, in words.
  var summary: String
  /// `name: value` as read.
  var fields: [String]
  /// The length of the head in bytes.
  var headLength: Int
}

/// Reads the head at the start of `bytes`.
///
/// The summary of a request contains: method, form of its target, path, query, authority, version, body, `keeps` if the
/// connection stays open, and `continue` if the caller waits for a 100.
func readRequest(
  _ bytes: [UInt8], upTo end: Int? = nil, limits: HeadLimits = .requests
) -> Verdict<RequestFault> {
  var parser = RequestHeadParser(limits: limits)
  let span = bytes.span.bytesOfElements.slice(0, end ?? bytes.count)
  do throws(RequestFault) {
    guard let head = try parser.parse(span) else { return .incomplete }
    var words = [
      head.method(in: span).text, "\(head.form)", head.path(in: span).text,
      head.query(in: span).text, head.authority(in: span).text,
      head.version == .http10 ? "1.0" : "1.1", "\(head.framing)",
    ]
    if head.keepsAlive { words.append("keeps") }
    if head.expectsContinue { words.append("continue") }
    return .accepted(
      Reading(
        summary: words.filter { !$0.isEmpty }.joined(separator: " "),
        fields: lines(parser.fields, in: span), headLength: head.length))
  } catch {
    return .refused(error)
  }
}

/// Reads the head of an answer to `method`. The summary contains: status, version, body, and `keeps`.
func readResponse(
  _ bytes: [UInt8], upTo end: Int? = nil, answering method: HTTPMethod = .get,
  limits: HeadLimits = .responses
) -> Verdict<ResponseFault> {
  var parser = ResponseHeadParser(limits: limits)
  let span = bytes.span.bytesOfElements.slice(0, end ?? bytes.count)
  do throws(ResponseFault) {
    guard let head = try parser.parse(span, answering: method) else { return .incomplete }
    var words = [
      "\(head.status)", head.version == .http10 ? "1.0" : "1.1", "\(head.framing)",
    ]
    if head.keepsAlive { words.append("keeps") }
    return .accepted(
      Reading(
        summary: words.joined(separator: " "), fields: lines(parser.fields, in: span),
        headLength: head.length))
  } catch {
    return .refused(error)
  }
}

private func lines(_ fields: borrowing FieldList, in head: RawSpan) -> [String] {
  var result: [String] = []
  for i in 0..<fields.count {
    let name = String(decoding: fields[i].name(in: head).copied(), as: Unicode.ASCII.self)
    result.append(name + ": " + latin(fields[i].value(in: head).copied()))
  }
  return result
}

/// A scalar for each byte, the inverse of ``payload(_:)``.
func latin(_ bytes: [UInt8]) -> String {
  String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

/// The result of a body reader for a body that arrives in `pieces`.
struct BodyReading: Equatable, Sendable {
  var data: [UInt8] = []
  var isFinished = false
  /// The number of bytes after the body.
  var rest = 0
  var fault: RequestFault?
}

func readBody(
  _ framing: BodyFraming, _ pieces: [[UInt8]], _ chunks: ChunkLimits = ChunkLimits()
) -> BodyReading {
  var reader = BodyReader(framing, chunks: chunks)
  var result = BodyReading()
  for piece in pieces {
    let span = piece.span.bytesOfElements
    var at = 0
    do throws(RequestFault) {
      while at < span.byteCount, !reader.isFinished {
        let run = try reader.next(span, from: at)
        result.data += span.slice(run.dataStart, run.dataEnd).copied()
        // A reader that neither advances nor finishes would block its caller for ever.
        precondition(run.next > at || reader.isFinished)
        at = run.next
      }
    } catch {
      result.fault = error
      return result
    }
    result.rest += span.byteCount - at
  }
  result.isFinished = reader.isFinished
  return result
}
