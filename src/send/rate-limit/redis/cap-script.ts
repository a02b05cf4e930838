/** `--daily-cap` as scripts: each is one step for Redis. */

/**
 * People asked by one sender in the last 24 h. KEYS[1]: the asks, by when; a member ends in its number of people.
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
