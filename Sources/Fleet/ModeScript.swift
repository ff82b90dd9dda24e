/// Modes that apply at all gateways, kept by the store's clock, in Lua.
///
/// Key: one hash for all. A field is what a mode applies to (``SharedMode/Target/text``). Its value is the mode, since
/// when, and until when, in microseconds of the store's clock; 0 means until it is removed. The field `#` counts
/// changes.
///
/// Each request sends the count and the modes that the gateway knows. A store with a lower count has lost some, or is a
/// different one, and takes them over. So a mode survives the store's memory as long as one gateway remembers it.
package enum ModeScript {
  package static let text = """
    local key, op, channel, from, version = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
    local kind = redis.call('TYPE', key)['ok']
    if kind ~= 'none' and kind ~= 'hash' then return {'foreign'} end
    local clock = redis.call('TIME')
    local now = clock[1] * 1000000 + clock[2]
    local known = 0
    if kind == 'hash' then
      known = tonumber(redis.call('HGET', key, '#') or 'none')
      if not known then return {'foreign'} end
    end
    local changed = false
    if known < version then
      for i = 8, #ARGV, 2 do
        if not redis.call('HGET', key, ARGV[i]) then redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
      end
      known, changed = version, true
    end
    if op == 'set' then
      local ends = tonumber(ARGV[7])
      if ends > 0 then ends = now + ends end
      redis.call('HSET', key, ARGV[5], string.format('%s %.0f %.0f', ARGV[6], now, ends))
    elseif op == 'end' then
      redis.call('HDEL', key, ARGV[5])
    end
    if op ~= 'sync' then known, changed = known + 1, true end
    if changed then redis.call('HSET', key, '#', string.format('%.0f', known)) end
    local result, raw = {'ok', string.format('%.0f', known)}, redis.call('HGETALL', key)
    for i = 1, #raw, 2 do
      if raw[i] ~= '#' then
        local ends = string.match(raw[i + 1], '^[a-z-]+ %d+ (%d+)$')
        if not ends then return {'foreign'} end
        ends = tonumber(ends)
        if ends > 0 and ends <= now then
          redis.call('HDEL', key, raw[i])
        else
          result[#result + 1] = raw[i]
          result[#result + 1] = raw[i + 1]
          result[#result + 1] = string.format('%.0f', math.max(0, ends - now))
        end
      end
    end
    if changed then
      -- Without modes, the count is needed only as long as a gateway may remember a lower one.
      redis.call('PEXPIRE', key, #result > 2 and 34560000000 or 86400000)
      redis.call('PUBLISH', channel, 'modes ' .. from .. ' 0 0 ' .. string.format('%.0f', known))
    end
    return result
    """
}

/// A mode as the store knows it.
package struct SharedMode: Equatable, Sendable {
  /// What it applies to, in terms that mean the same to all gateways.
  package enum Target: Hashable, Sendable {
    case all
    case caller(String)
    /// The app's id at the upstream, because its name in configurations may differ.
    case app(String)

    package var text: String {
      switch self {
      case .all: "*"
      case .caller(let name): "caller|\(name)"
      case .app(let id): "app|\(id)"
      }
    }

    /// Parses a target; nil for text that no gateway writes. Names are shown to operators, and must not contain control
    /// characters.
    package init?(_ text: String) {
      guard text.utf8.count <= Target.most, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
      else { return nil }
      if text == "*" {
        self = .all
      } else if text.hasPrefix("caller|") {
        self = .caller(String(text.dropFirst(7)))
      } else if text.hasPrefix("app|") {
        self = .app(String(text.dropFirst(4)))
      } else {
        return nil
      }
    }

    /// The most bytes: ids have at most 255, and names fewer.
    private static let most = 512
  }

  package var target: Target
  /// The mode's name.
  package var mode: String
  /// By the store's clock, in nanoseconds since 1970.
  package var since: Int64
  /// By the store's clock, in nanoseconds since 1970; nil if it applies until it is removed.
  package var until: Int64?
  /// Nanoseconds from when it was received; nil if `until` is nil.
  package var remaining: Int64?

  package init(
    target: Target, mode: String, since: Int64, until: Int64? = nil, remaining: Int64? = nil
  ) {
    self.target = target
    self.mode = mode
    self.since = since
    self.until = until
    self.remaining = remaining
  }

  /// Reads a field of the hash, its value, and the microseconds that are left; nil if it is not a mode.
  init?(_ field: String, _ value: String, _ left: Int64?) {
    let words = value.split(separator: " ", omittingEmptySubsequences: false)
    guard let target = Target(field), words.count == 3, let left, words[0].utf8.count <= 32,
      words[0].utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }),
      let since = Int64(words[1]), let until = Int64(words[2]),
      (0..<SharedMode.end).contains(since), (0..<SharedMode.end).contains(until),
      (0..<SharedMode.end).contains(left)
    else { return nil }
    self.init(
      target: target, mode: String(words[0]), since: since * 1000,
      until: until > 0 ? until * 1000 : nil, remaining: until > 0 ? left * 1000 : nil)
  }

  /// A time in microseconds since 1970 that is never reached.
  private static let end: Int64 = 9_000_000_000_000_000

  /// The value in the hash.
  package var value: String { "\(mode) \(since / 1000) \((until ?? 0) / 1000)" }

  /// Whether the other one is the same mode, whenever it was received.
  package func isSame(as other: SharedMode) -> Bool {
    target == other.target && mode == other.mode && since == other.since && until == other.until
  }
}

/// All modes of a fleet at one point in time.
package struct ModeList: Equatable, Sendable {
  /// Counts changes.
  package var version: Int64
  package var list: [SharedMode]

  /// More than the targets of any fleet.
  private static let most = 10_000

  package init(version: Int64 = 0, list: [SharedMode] = []) {
    self.version = version
    self.list = list
  }

  /// Reads an answer of the script; nil if the script cannot have returned it.
  package init?(_ value: RESPValue) {
    guard case .array(let list) = value, list.first?.text == "ok", list.count >= 2,
      (list.count - 2) % 3 == 0, list.count <= ModeList.most,
      let version = list[1].number, version >= 0
    else { return nil }
    var modes: [SharedMode] = []
    for place in stride(from: 2, to: list.count, by: 3) {
      guard let field = list[place].text, let value = list[place + 1].text,
        let mode = SharedMode(field, value, list[place + 2].number)
      else { return nil }
      modes.append(mode)
    }
    // In the order in which they were set, because a hash has no order.
    modes.sort { ($0.since, $0.target.text) < ($1.since, $1.target.text) }
    self.init(version: version, list: modes)
  }

  /// The arguments of a request after the key: the operation, and what the gateway knows.
  ///
  /// - Parameters:
  ///   - operation: `sync`, `set` or `end`.
  ///   - time: Nanoseconds until the mode ends; 0 if it applies until it is removed.
  package func words(
    _ operation: String, channel: String, from: String, target: String = "", mode: String = "",
    time: Int64 = 0
  ) -> [String] {
    [operation, channel, from, "\(version)", target, mode, "\(time / 1000)"]
      + list.flatMap { [$0.target.text, $0.value] }
  }
}
