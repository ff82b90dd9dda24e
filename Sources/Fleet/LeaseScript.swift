/// What the store does with a request for a lease, in Lua: in one step, and by its own clock.
///
/// Key: one hash for each quota of a shared limit. Its fields: `v`, the version of the format. `c`, the definition of
/// the limit. `t`, when it was last updated (microseconds of the store's clock). `d`, how much of the burst in hand is
/// used (thousandths of a call). `o`, until when nothing new is granted. And for each member `m:ID`: the number of its
/// last request; the fraction, burst and places granted, and until when; the same of what it held before, which it may
/// use until it has the answer; what it wants; since when it has received nothing or, if negative, since when it has
/// had something.
///
/// The invariant: the fractions of the rate, the burst and the places that members may be using never exceed the limit.
/// For each member, the larger of what it held and what it was granted counts. The burst that no member has is in hand,
/// and fills up at the part of the rate that no member has. Burst is handed over together with what is used of it. What
/// a silent member had counts as used when its time is over.
package enum LeaseScript {
  /// Number of parts that a rate is divided into.
  package static let units: Int64 = 4096

  package static let text = """
    local key, id = KEYS[1], ARGV[2]
    local number, ack, cfg = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
    local count, period = tonumber(ARGV[6]), tonumber(ARGV[7])
    local burst, places = tonumber(ARGV[8]), tonumber(ARGV[9])
    local cf, cb, cp = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
    local owed, want, wantp = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
    local valid, units = tonumber(ARGV[16]), 4096
    local kind = redis.call('TYPE', key)['ok']
    if kind ~= 'none' and kind ~= 'hash' then return {'foreign'} end
    local clock = redis.call('TIME')
    local now = clock[1] * 1000000 + clock[2]
    local raw, h, ms = redis.call('HGETALL', key), {}, {}
    for i = 1, #raw, 2 do
      local name, value = raw[i], raw[i + 1]
      if string.sub(name, 1, 2) == 'm:' then
        local m = {}
        for word in string.gmatch(value, '%S+') do m[#m + 1] = tonumber(word) end
        if #m ~= 12 then return {'foreign'} end
        ms[string.sub(name, 3)] = m
      else
        h[name] = value
      end
    end
    local last, d, born = tonumber(h.t or ''), tonumber(h.d or ''), tonumber(h.o or '')
    if kind == 'hash' and (h.v ~= '1' or not h.c or not last or not d or not born) then
      return {'foreign'}
    end
    if not last then last, d, born = now, 0, now + valid end
    local dirty, gone = {}, {}
    if now < last then
      local back = last - now
      for other, m in pairs(ms) do
        m[5] = m[5] - back
        if m[9] > 0 then m[9] = math.max(1, m[9] - back) end
        if m[12] > 0 then m[12] = math.max(1, m[12] - back) end
        if m[12] < 0 then m[12] = math.min(-1, m[12] + back) end
        dirty[other] = true
      end
      born, last = born - back, now
    end
    if h.c and h.c ~= cfg then
      for other, m in pairs(ms) do
        if other ~= id and m[5] > now then return {'conflict', h.c} end
      end
      for other in pairs(ms) do gone[#gone + 1] = 'm:' .. other end
      ms, dirty, d, cf, cb, cp, owed = {}, {}, burst * 1000, 0, 0, 0, 0
    end
    local rate = 0
    if count > 0 then rate = count / period end
    local function held(m)
      if m[9] == 0 then return m[2], m[3], m[4] end
      return math.max(m[2], m[6]), math.max(m[3], m[7]), math.max(m[4], m[8])
    end
    local free = units
    for _, m in pairs(ms) do free = free - held(m) end
    if free > 0 then d = d - (now - last) * rate * free / units * 1000 end
    if d < 0 then d = 0 end
    for other, m in pairs(ms) do
      if m[5] <= now then
        local _, b = held(m)
        d = d + b * 1000
        ms[other], dirty[other] = nil, nil
        gone[#gone + 1] = 'm:' .. other
      elseif m[9] > 0 and m[9] <= now then
        if m[7] > m[3] then d = d + (m[7] - m[3]) * 1000 end
        m[6], m[7], m[8], m[9] = 0, 0, 0, 0
        dirty[other] = true
      end
    end
    local mine = ms[id]
    if mine and number <= mine[1] then return {'stale'} end
    local ends = now + valid
    if mine then
      local _, b = held(mine)
      local freed = (b - cb) * 1000
      if freed > 0 then
        if ack == mine[1] then d = d + math.min(freed, owed) else d = d + freed end
      end
      ends = math.max(mine[5], mine[9])
    end
    local function save()
      for _, name in ipairs(gone) do redis.call('HDEL', key, name) end
      for other in pairs(dirty) do
        if ms[other] then
          local words = {}
          for i, value in ipairs(ms[other]) do words[i] = string.format('%.0f', value) end
          redis.call('HSET', key, 'm:' .. other, table.concat(words, ' '))
        end
      end
      redis.call('HSET', key, 'v', '1', 'c', cfg, 't', string.format('%.0f', now),
        'd', string.format('%.0f', math.ceil(d)), 'o', string.format('%.0f', born))
      local life = 86400000
      if count > 0 then life = math.max(life, math.min(3456000000, 2 * burst / rate / 1000)) end
      redis.call('PEXPIRE', key, string.format('%.0f', life))
    end
    if ARGV[1] == 'leave' then
      if mine then
        ms[id], dirty[id] = nil, nil
        gone[#gone + 1] = 'm:' .. id
        if cb > 0 then d = d + math.min(cb * 1000, tonumber(ARGV[17])) end
        save()
      end
      return {'ok', 0, 0, 0, 0, 0, now}
    end
    local n, of, ob, op, starving, earlier = 1, 0, 0, 0, 0, 0
    local rates, wants, calls = {}, want, {}
    local since = 0
    if mine then since = mine[12] end
    for other, m in pairs(ms) do
      if other ~= id then
        local f, b, p = held(m)
        n, of, ob, op = n + 1, of + f, ob + b, op + p
        rates[#rates + 1], calls[#calls + 1] = m[10], m[11]
        wants = wants + m[10]
        if m[12] > 0 then
          starving = starving + 1
          if since <= 0 or m[12] < since then earlier = earlier + 1 end
        end
      end
    end
    -- Max-min fairness: the most that each member gets. Members that want less get what they want.
    local function level(list, whole)
      table.sort(list)
      local left = whole
      for i = 1, #list do
        local even = left / (#list - i + 1)
        if list[i] >= even then return even end
        left = left - list[i]
      end
      return whole
    end
    -- If there is less than one for each member, members take turns: one that has had its turn long enough for a call
    -- gives it up, and the one that has waited longest is next.
    local stay = 1000000
    if count > 0 then stay = math.max(stay, 1.5 * burst / rate) end
    local function turn(whole, wanted, has, others)
      if n <= whole then return true end
      if not wanted then return false end
      if has then return starving == 0 or now + since < stay end
      return whole - others > earlier
    end
    local f, b, miss, p = 0, 0, 0, 0
    if count > 0 and turn(burst, want > 0, cb > 0, ob) then
      local least = math.max(1, math.min(16, math.floor(128 / n)))
      local scale = units / (rate * 1000000000)
      local own = math.max(least, want * scale)
      local list, total = {own}, own
      for _, other in ipairs(rates) do
        local its = math.max(least, other * scale)
        list[#list + 1], total = its, total + its
      end
      local part = own
      if n > burst then
        part = units / burst
      elseif total > units then
        part = math.min(own, level(list, units))
      elseif want > 0 then
        part = own + (units - total) * want / wants
      end
      local base = 1
      if burst >= n then
        -- If members want more than the rate, the whole burst is divided equally: a member with more calls than its
        -- part of the rate has no use for a larger burst, but the others have.
        local parts = 4
        if total > units then parts = 1 end
        base = math.max(1, math.floor(burst / (parts * n)))
      end
      f = math.max(0, math.min(math.floor(part), units - of))
      b = base + math.floor(math.max(0, burst - n * base) * part / units)
      b = math.max(0, math.min(b, burst - ob))
    end
    if places > 0 and turn(places, wantp > 0, cp > 0, op) then
      local own = math.max(1, wantp)
      local list, total = {own}, own
      for _, other in ipairs(calls) do
        local its = math.max(1, other)
        list[#list + 1], total = its, total + its
      end
      if total > places then
        p = math.min(own, math.max(1, math.floor(level(list, places))))
      else
        p = own + math.floor((places - total) / n)
      end
      p = math.max(0, math.min(p, places - op))
    end
    if now < born then f, b, p = math.min(f, cf), math.min(b, cb), math.min(p, cp) end
    if f == 0 or b == 0 then f, b = 0, 0 end
    -- A member that cannot start a call holds nothing.
    if count > 0 and places > 0 and (b == 0 or p == 0) then f, b, p = 0, 0, 0 end
    if b > cb then
      local give = math.floor((burst - ob - cb) * 1000 - d)
      give = math.max(0, math.min((b - cb) * 1000, give))
      miss = (b - cb) * 1000 - give
      d = math.max(0, d - miss)
    end
    local starves = (count > 0 and b == 0 and want > 0) or (places > 0 and p == 0 and wantp > 0)
    if starves then
      if since <= 0 then since = now end
    elseif b > 0 or p > 0 then
      if since >= 0 then since = -now end
    else
      since = 0
    end
    -- Calls in progress beyond the granted places keep their places as long as the lease is valid.
    if cp > p then ends = now + valid end
    if cf == 0 and cb == 0 and cp == 0 then ends = 0 end
    ms[id] = {number, f, b, p, now + valid, cf, cb, cp, ends, want, wantp, since}
    dirty[id] = true
    save()
    return {'ok', f, b, miss, p, n, now}
    """
}
