internal import EventLoop
internal import Fleet

/// Tokens: requests from the thread that fetches them.
extension FleetHandler {
  /// A lookup without an answer yet.
  struct TokenLook {
    let ticket: UInt64
    let name: String
    /// Until when it waits for another gateway, in monotonic nanoseconds; nil if it must be sent or was sent.
    var waitsUntil: Int64?
    var isSent = false
    let beganAt: Int64
  }

  /// How long a lookup waits for the first connection to the store, and how long one is kept that waits for another
  /// gateway, in nanoseconds.
  static let tokenGrace: Int64 = 150_000_000
  static let tokenPatience: Int64 = 2 * TokenScript.claim
  private static let mostLooks = 4096

  mutating func carryOut(_ question: SharedTokenQuestion, on loop: inout EventLoop) {
    if case .look(let ticket) = question.kind {
      let mayCome = links[0].schedule.isLive || status.failure == nil && toldLive == nil
      guard mayCome, !isStopping, looks.count < FleetHandler.mostLooks else {
        parts.tokenAnswer(ticket, .away)
        return
      }
      looks.append(TokenLook(ticket: ticket, name: question.name, beganAt: loop.now))
      return
    }
    // No one waits for a result, so without a store it is lost.
    guard let script = scripts[.tokens], links[0].schedule.isLive else { return }
    let words: [String] =
      switch question.kind {
      case .look: []
      case .put(let sealed, let mark, let life, let fresh):
        ["put", channel, id, sealed, mark, "\(life / 1000)", "\(fresh / 1000)", question.name]
      case .drop(let mark): ["drop", channel, id, mark]
      case .release: ["release", channel, id, question.name]
      }
    send(
      [["EVALSHA", script, "1", tokenKey(question.name)] + words], as: [.tokenWord(question.name)],
      0, on: &loop)
  }

  /// Sends the lookups that are due, and ends those for which the store does not become available.
  mutating func lookAtTokens(on loop: inout EventLoop) {
    guard !looks.isEmpty else { return }
    let now = loop.now
    let isLive = links[0].schedule.isLive && scripts[.tokens] != nil
    let isLost = !isLive && status.failure != nil
    looks.removeAll { look in
      let isOver =
        isLost || !isLive && now - look.beganAt >= FleetHandler.tokenGrace
        || now - look.beganAt >= FleetHandler.tokenPatience
      if isOver { parts.tokenAnswer(look.ticket, .away) }
      return isOver
    }
    guard isLive, let script = scripts[.tokens] else { return }
    for index in looks.indices where !looks[index].isSent {
      if let end = looks[index].waitsUntil, now < end {
        nextLook = min(nextLook, end)
        continue
      }
      looks[index].isSent = true
      send(
        [
          ["EVALSHA", script, "1", tokenKey(looks[index].name), "look", channel, id]
            + ["\(TokenScript.claim / 1000)"]
        ], as: [.tokenLook(looks[index].ticket, at: now)], 0, on: &loop)
    }
  }

  mutating func takeToken(
    _ value: RESPValue, _ ticket: UInt64, askedAt: Int64, on loop: inout EventLoop
  ) {
    guard let index = looks.firstIndex(where: { $0.ticket == ticket }) else { return }
    let name = looks[index].name
    switch TokenWord(value) {
    case .found(let sealed, let remaining):
      parts.tokenAnswer(
        ticket, .found(sealed: sealed, remaining: remaining, askedAt: askedAt))
    case .yours: parts.tokenAnswer(ticket, .yours)
    case .wait(let time):
      looks[index].isSent = false
      looks[index].waitsUntil = loop.now + time
      nextLook = min(nextLook, loop.now + time)
      parts.tokenAnswer(ticket, .another)
      return
    case .foreign, nil:
      tellForeignToken(name)
      parts.tokenAnswer(ticket, .away)
    }
    looks.remove(at: index)
  }

  mutating func takeTokenWord(_ value: RESPValue, _ name: String) {
    if case .foreign? = TokenWord(value) { tellForeignToken(name) }
  }

  private mutating func tellForeignToken(_ name: String) {
    status.foreignTokens += 1
    guard !hasToldForeignToken else { return }
    hasToldForeignToken = true
    parts.report(.foreign(what: "the token", key: tokenKey(name)))
  }

  /// Sends waiting lookups again: the token was stored, or is no longer being fetched.
  mutating func tokenNews(_ name: String, on loop: inout EventLoop) {
    for index in looks.indices where looks[index].name == name { looks[index].waitsUntil = nil }
    lookAtTokens(on: &loop)
  }

  /// Ends a lookup whose answer will not arrive any more.
  mutating func giveUpLook(_ ticket: UInt64) {
    guard let index = looks.firstIndex(where: { $0.ticket == ticket }) else { return }
    looks.remove(at: index)
    parts.tokenAnswer(ticket, .away)
  }
}
