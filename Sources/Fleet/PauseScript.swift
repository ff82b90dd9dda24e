internal import RateLimiting

/// The pauses that the upstream has asked of any gateway, kept by the store's clock, in Lua.
///
/// Key: one hash for all. A field is an app and a service (``SharedPause/name``). Its value is until when it is paused,
/// in microseconds of the store's clock, and the level of the recovery afterwards. Changes are also published to
/// subscribers.
package enum PauseScript {
  package static let text = """
    local key, op, channel, from = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
    local kind = redis.call('TYPE', key)['ok']
    if kind ~= 'none' and kind ~= 'hash' then return {'foreign'} end
    local clock = redis.call('TIME')
    local now = clock[1] * 1000000 + clock[2]
    local longest = 3600000000
    if op == 'set' then
      local ends, level = now + math.min(longest, tonumber(ARGV[5])), tonumber(ARGV[6])
      local known = redis.call('HGET', key, ARGV[4])
      local before, its = string.match(known or '', '^(%d+) (%d+)$')
      if before and tonumber(before) > now then
        ends, level = math.max(ends, tonumber(before)), math.min(level, tonumber(its))
      end
      redis.call('HSET', key, ARGV[4], string.format('%.0f %.0f', ends, level))
      redis.call('PEXPIRE', key, 7200000)
      redis.call('PUBLISH', channel,
        string.format('pause %s %.0f %.0f %s', from, ends - now, level, ARGV[4]))
    elseif op == 'end' then
      for _, name in ipairs(redis.call('HKEYS', key)) do
        if string.sub(name, 1, #ARGV[4]) == ARGV[4] then redis.call('HDEL', key, name) end
      end
      redis.call('PUBLISH', channel, 'resume ' .. from .. ' 0 0 ' .. ARGV[4])
    end
    local result, raw = {'ok'}, redis.call('HGETALL', key)
    for i = 1, #raw, 2 do
      local ends, level = string.match(raw[i + 1], '^(%d+) (%d+)$')
      if not ends then return {'foreign'} end
      local left = tonumber(ends) - now
      if left <= 0 then
        redis.call('HDEL', key, raw[i])
      else
        result[#result + 1] = raw[i]
        result[#result + 1] = string.format('%.0f', math.min(left, longest))
        result[#result + 1] = level
      end
    end
    return result
    """
}

/// A pause as the store knows it.
package struct SharedPause: Equatable, Sendable {
  /// An app and a service, in terms that mean the same to all gateways.
  package var name: String
  /// Nanoseconds from when it was received.
  package var remaining: Int64
  /// The rate in sixteenths of the full one.
  package var level: Int64

  package init(name: String, remaining: Int64, level: Int64) {
    self.name = name
    self.remaining = remaining
    self.level = level
  }

  /// All pauses in an answer of the script; nil if the script cannot have returned it.
  package static func list(_ value: RESPValue) -> [SharedPause]? {
    guard case .array(let list) = value, list.first?.text == "ok", list.count % 3 == 1 else {
      return nil
    }
    var pauses: [SharedPause] = []
    for place in stride(from: 1, to: list.count, by: 3) {
      guard let name = list[place].text,
        let pause = SharedPause(name, list[place + 1].number, list[place + 2].number)
      else { return nil }
      pauses.append(pause)
    }
    return pauses
  }

  init?(_ name: String, _ microseconds: Int64?, _ level: Int64?) {
    guard let microseconds, let level, (0...longestPause).contains(microseconds),
      (1..<UpstreamPause.fullLevel).contains(level)
    else { return nil }
    self.init(name: name, remaining: microseconds * 1000, level: level)
  }
}

/// One hour, in microseconds.
private let longestPause: Int64 = 3_600_000_000

/// What is published.
package enum PauseNews: Equatable, Sendable {
  /// - Parameter from: The gateway that publishes it.
  case pause(SharedPause, from: String)
  /// An operator has ended the pauses whose names begin with this text.
  case resume(String, from: String)
  /// The modes of the fleet have changed.
  case modes(from: String)
  /// The token with this name was stored, or is no longer being fetched.
  case token(String)

  /// Parses a message; nil if no gateway publishes it.
  package init?(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
    guard words.count == 5 else { return nil }
    let (from, name) = (String(words[1]), String(words[4]))
    switch words[0] {
    case "pause":
      guard let pause = SharedPause(name, Int64(words[2]), Int64(words[3])) else { return nil }
      self = .pause(pause, from: from)
    case "resume": self = .resume(name, from: from)
    case "modes": self = .modes(from: from)
    case "token": self = .token(name)
    default: return nil
    }
  }
}
