import type { WaitReason } from '../policy/policy.ts';

/**
 * The log of asks that several processes keep together, as one script: what has happened is taken in and places are
 * given out in one step, on Redis's own clock. A time that a process reports is how long ago it was when the report
 * went out, so that nobody's clock needs to be known: the way to Redis makes an ask younger than it is, never older.
 *
 * KEYS: what is known (hash), the asks by their latest arrival (sorted set), those in flight by when nobody vouches for
 * them any more (sorted set).
 * ARGV: the process, the epoch that it knows ('' for none), a name for a new one, whether the clock was set ('1'), the
 * lease in ms; then reports, each as its name, the number of its words, and these.
 */
export const PACE = `
local facts, log, flying = KEYS[1], KEYS[2], KEYS[3]
local unpack = unpack or table.unpack
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local me, known, fresh, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])
local function text(number) return string.format('%.3f', number) end
local function word(name) return redis.call('HGET', facts, name) or '' end
local function get(name) return tonumber(word(name)) end
local function put(name, value) redis.call('HSET', facts, name, type(value) == 'number' and text(value) or value) end
local function unset(...) redis.call('HDEL', facts, ...) end
local function enter(member, at) redis.call('ZADD', log, text(at), member) end

local epoch = word('epoch')
if epoch == '' or (ARGV[4] == '1' and epoch == known) then
  redis.call('DEL', facts, log, flying)
  epoch = fresh
  put('epoch', epoch)
end
redis.call('PEXPIRE', facts, 3600000)
if known ~= '' and known ~= epoch then return { epoch, text(now), 'lost' } end

local function pause(ms, why)
  if now + ms > (get('not_before') or 0) then put('not_before', now + ms); put('why', why) end
end
local function forget() unset('mode', 'limit', 'window', 'limit_before', 'learner') end
local wait, why, role, delays, reads = -1, 'window', '', {}, 0

local function vouch(member)
  redis.call('ZADD', flying, text(now + lease), member)
  enter(member, now + lease)
end

-- Opens places for so many reads and asks, at most \`lead\` ms ahead of their time.
local function take(readsWanted, asksWanted, people, first, lead, step, stepWhy, most, learning)
  redis.call('ZREMRANGEBYSCORE', flying, '-inf', text(now))
  if word('mode') == 'known' and asksWanted > 0 and people > get('people') then
    -- An ask of more people than were counted as one so far: this process learns, once the asks of all are forgotten.
    pause(lease + get('window'), 'window'); forget()
  end
  local mode, wanted = word('mode'), readsWanted + asksWanted
  local limit, window = get('limit'), get('window') or 0
  local before = get('limit_before')
  if before and now < get('limit_at') + window then limit = math.min(limit, before) end
  if mode == '' then
    local learner = word('learner')
    if learner ~= '' and learner ~= me and get('learner_until') > now then
      if wanted > 0 then put('queued', now) end
      role = 'waits'
      return
    end
    if learner == me or wanted > 0 then
      put('learner', me); put('learner_until', now + lease)
      role = 'learns'
    end
    if not learning then return end
  elseif learning then return end
  -- Half more than ever got through at once: the server may take fewer than it shows.
  local clean = get('clean') or 1
  most = math.min(most, clean + math.max(1, math.floor(clean / 2)))
  local base = math.max(now, get('not_before') or 0)
  if base > now + lead then wait, why = base - now, word('why') return end
  if limit then
    -- Some at a time, so that each process gets a share.
    wanted = math.min(wanted, math.ceil(limit / 8))
    -- After a silence one goes alone: what is known may have changed.
    if now - (get('heard') or 0) > math.max(4 * window, 10000) then
      wanted = math.min(wanted, redis.call('ZCARD', flying) == 0 and 1 or 0)
    end
  end
  for i = 1, wanted do
    if redis.call('ZCARD', flying) >= most then return end
    local from, cause = base, 'window'
    if limit then
      local full = redis.call('ZREVRANGE', log, limit - 1, limit - 1, 'WITHSCORES')
      if full[2] and tonumber(full[2]) > now then return end
      from = math.max(from, (tonumber(full[2]) or 0) + window)
      if mode == 'blind' then cause = 'no_headers' end
    end
    local due = get('pace_at') or 0
    if i > readsWanted and step > 0 and due > from then from, cause = due, stepWhy end
    if from > now + lead then wait, why = from - now, cause return end
    vouch(me .. ':' .. (first + i - 1))
    if i > readsWanted then
      if step > 0 then put('pace_at', from + step) end
    else reads = reads + 1 end
    delays[i] = text(from - now)
  end
end

local reports = {
  vouch = vouch,
  moved = function(member, ago) enter(member, now - ago) end,
  done = function(member) redis.call('ZREM', flying, member) end,
  unused = function(member) redis.call('ZREM', flying, member); redis.call('ZREM', log, member) end,
  pause = function(ms, why) pause(tonumber(ms), why) end,
  pace = function(ms) put('pace_at', math.max(get('pace_at') or 0, now + ms)) end,
  -- \`people\` of an ask, which the server counts as one; \`clean\`: how many got through at once.
  learnt = function(limit, window, people, clean)
    if word('mode') ~= '' or word('hidden') ~= '' then return end
    put('people', people); put('clean', clean)
    put('mode', 'known'); put('limit', limit); put('window', window); put('heard', now); put('limit_at', now)
    unset('learner')
  end,
  -- Nothing is said of a limit: an ask per second, or what --max-rate says.
  blind = function(paced)
    if word('mode') ~= '' then return end
    put('mode', 'blind'); put('heard', now); unset('learner')
    if paced ~= '1' then put('limit', '1'); put('window', '1000') end
  end,
  -- Facts that a log does not hold go on with the next learner.
  yield = function(ceiling, spacing, countsPeople)
    if word('learner') ~= me then return end
    unset('learner'); put('ceiling', ceiling); put('spacing', spacing)
    if countsPeople == '1' then put('hidden', '1'); put('counts_people', '1') end
  end,
  -- An answer: the limit it names, and how many asks the server counts in this window; '' for what it does not say.
  heard = function(member, takenAgo, sentAgo, limit, counted)
    put('heard', now); unset('strikes')
    put('clean', math.max(get('clean') or 1, redis.call('ZCARD', flying) + 1))
    local mode, old = word('mode'), get('limit')
    limit, counted = tonumber(limit), tonumber(counted)
    if mode == 'blind' and limit then return forget() end
    if mode ~= 'known' then return end
    if limit and limit ~= old and now - takenAgo > get('limit_at') then
      -- One that was raised counts from a window later: a bucket has no more in it than before.
      if limit > old then put('limit_before', text(old)) else unset('limit_before') end
      put('limit', string.format('%d', limit)); put('limit_at', now)
    end
    if not counted then return end
    local ours = redis.call('ZCOUNT', log, '(' .. text(now - sentAgo - get('window')), '+inf')
    -- More than all of us can have sent: somebody else's, which grow old as ours do.
    for i = 1, math.min(counted - ours, 1000) do enter('other:' .. member .. ':' .. i, now) end
  end,
  -- A refusal; those of asks that were under way together are one. The second in a row: what was learnt is wrong. Where
  -- the headers show room, the server counts something that a log does not hold: from then on one process asks at a time.
  struck = function(takenAgo, ms, limit, hasRoom)
    if hasRoom == '1' and word('mode') == 'known' then put('hidden', '1'); forget() end
    if now - takenAgo > (get('struck_at') or 0) then
      local strikes = (get('strikes') or 0) + 1
      put('struck_at', now); put('strikes', strikes)
      if word('mode') == 'known' then
        put('window', get('window') * 1.002 + 2)
        if tonumber(limit) and tonumber(limit) < get('limit') then put('limit', limit); put('limit_at', now) end
        if strikes >= 2 then forget() end
      end
    end
    pause(tonumber(ms), 'throttled')
  end,
  take = function(reads, asks, people, first, lead, step, stepWhy, most, learning)
    take(tonumber(reads), tonumber(asks), tonumber(people), tonumber(first), tonumber(lead), tonumber(step), stepWhy,
      tonumber(most), learning == '1')
  end,
}
local i = 6
while i <= #ARGV do
  local words = tonumber(ARGV[i + 1])
  reports[ARGV[i]](unpack(ARGV, i + 2, i + 1 + words))
  i = i + 2 + words
end

local keep = 2 * (get('window') or 0) + 60000
redis.call('ZREMRANGEBYSCORE', log, '-inf', text(now - keep))
for _, key in ipairs({ log, flying }) do redis.call('PEXPIRE', key, math.ceil(keep)) end
local isQueued = now - (get('queued') or 0) < 1500
return { epoch, text(now), word('mode'), role, word('limit'), word('window'), text(wait), why, isQueued and '1' or '0',
  word('ceiling'), word('spacing'), word('counts_people'), tostring(reads), unpack(delays) }`;

/**
 * `--daily-cap` as scripts, each one step for Redis: people asked by one sender in the last 24 h. KEYS[1]: the asks, by when; a member ends in its number of people.
 * KEYS[2]: how many people these are together. Every script begins with what has become too old.
 */
const CAP = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function people(member) return tonumber(string.match(member, ':(%d+)$')) end
local function change(by) redis.call('INCRBY', KEYS[2], by) end
local function drop(member) if redis.call('ZREM', KEYS[1], member) == 1 then change(-people(member)) end end
if redis.call('EXISTS', KEYS[1], KEYS[2]) < 2 then
  local sum = 0
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do sum = sum + people(member) end
  redis.call('SET', KEYS[2], sum)
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)) do drop(member) end
local function put(member, at) if redis.call('ZADD', KEYS[1], 'NX', at, member) == 1 then change(people(member)) end end
local function keep() for i = 1, 2 do redis.call('PEXPIRE', KEYS[i], 90000000) end end`;

/** ARGV: the name of the reservation, people, cap. Gives how many there is room for, and sets them aside. */
export const CAP_RESERVE = `${CAP}
local room = math.max(0, tonumber(ARGV[3]) - tonumber(redis.call('GET', KEYS[2])))
local granted = math.min(tonumber(ARGV[2]), room)
if granted > 0 then put(ARGV[1] .. ':' .. granted, now) end
keep()
return granted`;

/** ARGV: members to take out, then '', then members to put in, each followed by how long ago it was, in ms. */
export const CAP_CHANGE = `${CAP}
local i = 1
while ARGV[i] ~= '' do drop(ARGV[i]); i = i + 1 end
for k = i + 1, #ARGV, 2 do put(ARGV[k], now - ARGV[k + 1]) end
keep()
return 1`;

/** ARGV: what the members of the reservations of a ledger begin with, and what those of this run begin with. */
export const CAP_SWEEP = `${CAP}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] and string.sub(member, 1, #ARGV[2]) ~= ARGV[2] then drop(member) end
end
keep()
return 1`;

/** The answer of `PACE`. */
export interface Reply {
  readonly epoch: string;
  /** Redis's clock. */
  readonly now: number;
  /** Redis has lost what it knew, and nothing of what it was told was taken in. */
  readonly isLost: boolean;
  /** This process learns, or waits for another that does; neither: all go by the log. */
  readonly role: 'learns' | 'waits' | '';
  readonly limit: number | undefined;
  readonly windowMs: number | undefined;
  /** How long until more may go; undefined: until somebody's answer. */
  readonly waitMs: number | undefined;
  readonly why: WaitReason;
  /** Another process waits for its turn to learn. */
  readonly isQueued: boolean;
  /** Slow start of the last learner; undefined: it met no limit beyond the headers'. */
  readonly ceiling: number | undefined;
  readonly spacing: number | undefined;
  /** The server counts people, and not asks. */
  readonly countsPeople: boolean;
  /** Number of places for reads; they come first. */
  readonly reads: number;
  /** When each place that was given may be used, ms from now. */
  readonly delays: readonly number[];
}

export function replyOf(words: readonly string[]): Reply {
  const [epoch = '', now = '', mode = '', role, limit, window, wait, why, queued, ...more] = words;
  const [ceiling, spacing, countsPeople, reads, ...delays] = more;
  return {
    epoch,
    now: Number(now),
    isLost: mode === 'lost',
    role: role === 'learns' || role === 'waits' ? role : '',
    limit: limit ? Number(limit) : undefined,
    windowMs: window ? Number(window) : undefined,
    waitMs: Number(wait ?? -1) < 0 ? undefined : Number(wait),
    why: (why ?? 'window') as WaitReason,
    isQueued: queued === '1',
    ceiling: ceiling ? Number(ceiling) : undefined,
    spacing: spacing ? Number(spacing) : undefined,
    countsPeople: countsPeople === '1',
    reads: Number(reads ?? 0),
    delays: delays.map(Number),
  };
}

/** A contradiction of this much is a clock that was set; less is one that is being slewed. Milliseconds. */
const SET_MS = 50;
/** Two clocks drift apart, milliseconds per millisecond. */
const DRIFT = 1e-3;

/** Tells whether Redis's clock goes on as ours does. */
export class RedisTime {
  #last: { readonly sentAt: number; readonly receivedAt: number; readonly remote: number } | undefined;

  /** Redis's clock showed `remote` between the two instants. True when it was set since the time before. */
  add(sentAt: number, receivedAt: number, remote: number): boolean {
    const last = this.#last;
    this.#last = { sentAt, receivedAt, remote };
    if (last === undefined) return false;
    const went = remote - last.remote;
    const most = receivedAt - last.sentAt;
    const off = SET_MS + most * DRIFT;
    return went < sentAt - last.receivedAt - off || went > most + off;
  }
}
