internal import LocalServer

/// How a fault changes an answer.
extension Fault {
  private static let dribbles = 10

  /// The answer to a call that must not have any effect; nil if it may have one.
  var answerInstead: LocalResponse? {
    switch effect {
    case .status(let status, let retryAfter):
      // The real service's errors have two shapes: one for a refused credential, one for everything else.
      var answer =
        status == 401
        ? Refusal.unauthorized("Provided credentials are invalid.").response
        : Refusal.message(status, "The sandbox was asked for this fault.").response
      if let retryAfter {
        answer.fields.append((name: "Retry-After", value: String(retryAfter)))
      }
      return marked(answer)
    case .reset(nil):
      var answer = LocalResponse(status: 503)
      answer.delivery = LocalDelivery(delay: delay, cut: .resetAtOnce)
      return answer
    default: return nil
    }
  }

  /// The operation's own answer, spoiled by the fault.
  func spoiling(_ answer: LocalResponse) -> LocalResponse {
    var answer = marked(answer)
    switch effect {
    case .status: break
    case .reset(let share):
      answer.delivery = LocalDelivery(
        delay: delay, cut: .resetAfter(Fault.part(share ?? 0, of: answer)))
    case .truncate(let share):
      answer.delivery = LocalDelivery(delay: delay, cut: .closeAfter(Fault.part(share, of: answer)))
    case .dribble:
      answer.delivery = LocalDelivery(
        pieces: Fault.dribbles, pause: delay / Int64(Fault.dribbles - 1))
    case .malformed:
      // Without its last byte, an object or list is not valid JSON. An answer without a body gets one with the start of
      // an object.
      if case .bytes(let bytes) = answer.body, bytes.count > 1 {
        answer.body = .bytes(Array(bytes.dropLast()))
      } else {
        answer.status = 200
        answer.fields.removeAll { $0.name.lowercased() == "content-type" }
        answer.fields.append((name: "Content-Type", value: "application/json"))
        answer.body = .bytes([UInt8(ascii: "{")])
      }
    case .delay: break
    }
    return answer
  }

  private var delay: Int64 { Int64(milliseconds) * 1_000_000 }

  private func marked(_ answer: LocalResponse) -> LocalResponse {
    var answer = answer
    answer.fields.append((name: "X-Sandbox-Fault", value: String(id)))
    if milliseconds > 0 { answer.delivery = LocalDelivery(delay: delay) }
    return answer
  }

  /// The number of bytes in `share` of the body, but fewer than all: a complete answer would not be a fault.
  private static func part(_ share: Double, of answer: LocalResponse) -> Int {
    let count = answer.body.count
    return max(0, min(Int(Double(count) * share), count - 1))
  }
}
