/**
 * Script of the lease, on Redis's own clock: passes the policy's state from process to process. Its holder asks, and
 * writes the state back before it gives the lease up.
 *
 * KEYS: lease and state (hash); answers for the holder (hash); processes by the time of their last exchange (sorted
 * set); processes that want the lease by the time of their request (sorted set).
 * ARGV: process; epoch known to it ('' for none); name for a new epoch; '1' if the clock was set; length of a lease,
 * ms; request (`want`, `keep`, `pass`: keep unless another wants it, `free`, or ''); token of its lease ('' for
 * none); state ('' if unchanged); display for all processes; pause of all asks if the lease is gone, ms; number of
 * answers to add, then each answer with its name; names of answers to remove.
 */
export const PACE = `
local unpack = unpack or table.unpack
local facts, told, heard, queue = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local me, known, fresh, lease, op = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[6]
local function text(number) return string.format('%.3f', number) end
local function get(name) return redis.call('HGET', facts, name) or '' end
local function put(name, value) redis.call('HSET', facts, name, type(value) == 'number' and text(value) or value) end
local function number(name) return tonumber(get(name)) or 0 end

local epoch = get('epoch')
local function begin(name, crashed)
  redis.call('DEL', facts, told, queue)
  epoch = name
  put('epoch', epoch); put('begun', fresh)
  -- A process that knows more than Redis has the length of a lease to say so.
  if crashed then put('until', now + lease); put('holder', '?') end
end
if ARGV[4] == '1' and epoch == known then begin(fresh, true) end
if epoch == '' then begin(known ~= '' and known or fresh, known ~= '') end

redis.call('ZADD', heard, text(now), me)
redis.call('ZREMRANGEBYSCORE', heard, '-inf', text(now - lease))
local function hold(ms) put('hold', math.max(number('hold'), now + ms)) end
local isLost = known ~= '' and known ~= epoch
local token = tonumber(ARGV[7])
if isLost then
  if token then hold(tonumber(ARGV[10])) end
  return { epoch, text(now), 'lost' }
end

-- Processes that want the lease and were heard within 500 ms, in the order of their requests.
if op == 'want' then
  if not redis.call('ZSCORE', queue, me) then redis.call('ZADD', queue, text(now), me) end
else redis.call('ZREM', queue, me) end
local wanting, place = {}, -1
for _, member in ipairs(redis.call('ZRANGE', queue, 0, -1)) do
  local at = redis.call('ZSCORE', heard, member)
  if not at then redis.call('ZREM', queue, member)
  elseif member == me then place = #wanting
  elseif tonumber(at) > now - 500 then wanting[#wanting + 1] = member end
end

local mine, state = '', ''
if token and token >= number('token') then
  mine = ARGV[7]
  put('token', mine); put('holder', me); put('until', now + lease); put('crashed', '')
  if ARGV[8] ~= '' then put('state', ARGV[8]) end
  if ARGV[9] ~= '' then put('shown', ARGV[9]) end
  if op == 'free' or (op == 'pass' and #wanting > 0) then put('holder', ''); put('until', 0); mine = '' end
elseif token then hold(tonumber(ARGV[10]))
elseif op == 'want' then
  local holder = get('holder')
  if number('until') <= now and place == 0 then
    if holder == '?' then epoch = fresh; put('epoch', epoch) end
    put('crashed', holder ~= '' and '1' or '')
    put('token', string.format('%d', number('token') + 1)); put('holder', me)
    holder = me
  end
  if holder == me then
    -- An earlier reply may be lost.
    put('until', now + lease)
    redis.call('ZREM', queue, me)
    mine, state = get('token'), get('state')
  end
end

local i = 12
for _ = 1, tonumber(ARGV[11]) do redis.call('HSET', told, ARGV[i], ARGV[i + 1]); i = i + 2 end
if i <= #ARGV then redis.call('HDEL', told, unpack(ARGV, i)) end
local living, events = {}, {}
if mine ~= '' then
  living = redis.call('ZRANGE', heard, 0, -1)
  events = redis.call('HGETALL', told)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 7200000) end
local reply = { epoch, text(now), '', mine, get('crashed'), state, get('hold'), tostring(#wanting), tostring(place),
  get('shown'), get('begun'), tostring(#living) }
for _, list in ipairs({ living, events }) do
  for _, one in ipairs(list) do reply[#reply + 1] = one end
end
return reply`;

/**
 * Scripts of `--daily-cap`, each atomic: people asked by one sender in the last 24 h. KEYS[1]: asks by their time; a
 * member ends in its number of people. KEYS[2]: sum of these people. Every script first drops the asks that are too
 * old.
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

/** Reserves room, and returns for how many people. ARGV: name of the reservation, people, cap. */
export const CAP_RESERVE = `${CAP}
local room = math.max(0, tonumber(ARGV[3]) - tonumber(redis.call('GET', KEYS[2])))
local granted = math.min(tonumber(ARGV[2]), room)
if granted > 0 then put(ARGV[1] .. ':' .. granted, now) end
keep()
return granted`;

/** Changes the asks. ARGV: members to remove, '', members to add, each followed by its age in ms. */
export const CAP_CHANGE = `${CAP}
local i = 1
while ARGV[i] ~= '' do drop(ARGV[i]); i = i + 1 end
for k = i + 1, #ARGV, 2 do put(ARGV[k], now - ARGV[k + 1]) end
keep()
return 1`;

/** Drops the reservations of earlier runs. ARGV: prefix of the ledger's reservations, prefix of this run's. */
export const CAP_SWEEP = `${CAP}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] and string.sub(member, 1, #ARGV[2]) ~= ARGV[2] then drop(member) end
end
keep()
return 1`;

/** Reply of `PACE`. */
export interface Reply {
  readonly epoch: string;
  /** Time on Redis's clock, ms. */
  readonly now: number;
  /** Redis has lost the epoch of this process, and took nothing in. */
  readonly isLost: boolean;
  /** Token of this process's lease; undefined: none. */
  readonly token: number | undefined;
  /** The last holder did not give the lease up. */
  readonly crashed: boolean;
  /** State, with a new lease; '' for none. */
  readonly state: string;
  /** End of a pause, on Redis's clock: a holder lost its lease with asks that the state lacks. */
  readonly holdUntil: number;
  /** Number of other processes that want the lease. */
  readonly wanting: number;
  /** Number of processes before this one in the queue; -1: it is not in the queue. */
  readonly place: number;
  readonly shown: string;
  /** Beginning of Redis's data. A new one: Redis has lost its data, with answers that the holder had not taken in. */
  readonly begun: string;
  /** With a lease: processes heard within its length. */
  readonly living: ReadonlySet<string>;
  /** With a lease: answers to asks of others, by name. */
  readonly told: ReadonlyMap<string, string>;
}

export function replyOf(words: readonly string[]): Reply {
  const [epoch = '', now, lost, token, crashed, state = '', hold, wanting, place, ...rest] = words;
  const [shown = '', begun = '', count, ...more] = rest;
  const living = Number(count ?? 0);
  const told = new Map<string, string>();
  for (let i = living; i + 1 < more.length; i += 2) told.set(more[i] as string, more[i + 1] as string);
  return {
    ...{ epoch, state, shown, begun, told },
    now: Number(now),
    isLost: lost === 'lost',
    token: token ? Number(token) : undefined,
    crashed: crashed === '1',
    holdUntil: Number(hold || 0),
    wanting: Number(wanting ?? 0),
    place: Number(place ?? -1),
    living: new Set(more.slice(0, living)),
  };
}
