/// Tokens that one gateway fetches for all, in Lua. They are sealed, so the store cannot read them.
///
/// Key: one hash for each app, scope set and credential. Fields: `v`, the sealed token. `t`, its mark. `e`, when it
/// expires. `f`, until when it may be taken. `c`, the gateway that is currently fetching one. `u`, until when the
/// others wait for it. Times are microseconds of the store's clock. The hash expires with the token.
package enum TokenScript {
  /// How long others wait for a gateway that fetches, in nanoseconds.
  package static let claim: Int64 = 1_000_000_000

  package static let text = """
    local key, op, channel, from = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
    local kind = redis.call('TYPE', key)['ok']
    if kind ~= 'none' and kind ~= 'hash' then return {'foreign'} end
    local clock = redis.call('TIME')
    local now = clock[1] * 1000000 + clock[2]
    local function get(name) return redis.call('HGET', key, name) end
    local function time(name) return tonumber(get(name) or 'none') end
    local sealed, holder = get('v'), get('c')
    local ends, fresh, till = time('e'), time('f'), time('u')
    if kind == 'hash' and not sealed and not holder then return {'foreign'} end
    if sealed and not (ends and fresh) or holder and not till then return {'foreign'} end
    if op == 'look' then
      if sealed and fresh > now and ends > now then
        return {'found', sealed, string.format('%.0f', ends - now)}
      end
      if holder and holder ~= from and till > now then
        return {'wait', string.format('%.0f', math.min(till - now, tonumber(ARGV[4])))}
      end
      till = now + tonumber(ARGV[4])
      redis.call('HSET', key, 'c', from, 'u', string.format('%.0f', till))
      if not sealed or ends < till then redis.call('PEXPIRE', key, math.ceil(ARGV[4] / 1000)) end
      return {'yours'}
    elseif op == 'put' then
      local life = tonumber(ARGV[6])
      redis.call('HDEL', key, 'c', 'u')
      redis.call('HSET', key, 'v', ARGV[4], 't', ARGV[5], 'e', string.format('%.0f', now + life),
        'f', string.format('%.0f', now + tonumber(ARGV[7])))
      redis.call('PEXPIRE', key, math.floor(life / 1000))
      redis.call('PUBLISH', channel, 'token ' .. from .. ' 0 0 ' .. ARGV[8])
    elseif op == 'drop' then
      if get('t') == ARGV[4] then redis.call('HDEL', key, 'v', 't', 'e', 'f') end
    elseif op == 'release' and holder == from then
      redis.call('HDEL', key, 'c', 'u')
      redis.call('PUBLISH', channel, 'token ' .. from .. ' 0 0 ' .. ARGV[4])
    end
    return {'ok'}
    """
}

/// The store's answer to a lookup of a token.
package enum TokenWord: Equatable, Sendable {
  /// The sealed token, and nanoseconds until it expires.
  case found(sealed: String, remaining: Int64)
  /// Another gateway is fetching one. At most this many nanoseconds to wait.
  case wait(Int64)
  /// There is none: the gateway that asked must fetch it.
  case yours
  /// The key has a value of another program.
  case foreign

  /// Reads an answer; nil if the script cannot have returned it.
  package init?(_ value: RESPValue) {
    guard case .array(let list) = value, let word = list.first?.text else { return nil }
    switch (word, list.count) {
    case ("found", 3):
      guard let sealed = list[1].text, let left = list[2].number,
        (0...TokenWord.longest).contains(left)
      else { return nil }
      self = .found(sealed: sealed, remaining: left * 1000)
    case ("wait", 2):
      guard let left = list[1].number, (0...TokenScript.claim / 1000).contains(left) else {
        return nil
      }
      self = .wait(left * 1000)
    case ("yours", 1): self = .yours
    case ("foreign", 1): self = .foreign
    default: return nil
    }
  }

  /// In microseconds: no token is valid for a year.
  private static let longest: Int64 = 31_536_000_000_000
}
