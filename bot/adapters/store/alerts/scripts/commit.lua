-- Store what grouping decided about the sightings up to a position: all of it, or nothing.
-- KEYS  1 lease · 2 position · 3 queue · 4 live groups · 5 closed groups · 6 outbox · 7 newest quieted
-- ARGV  1 holder · 2 fence · 3 position · 4 digest of the changes · 5 key prefix · 6 the position after it
--       7 milliseconds that closed groups are kept
--       then groups: how many words, key and JSON in turn
--       open groups: how many words, milliseconds to sort by and id in turn
--       closed groups: how many, each as id · closed or absorbed · milliseconds to sort by
--       members: how many groups, each as key · how many words, object id and times in turn
--       deliveries: how many, each as operation · body
--       notes to keep: how many words, name and text in turn
--       notes to forget: how many, their names
--       then what enter.lua takes
-- Answer: 1 stored (now, or before by the same commit), 0 the fence is old.
-- Keys that are built here from the prefix carry its hash tag, so they live in the slot of KEYS.
local WORDS = 4000 -- of one command, an even number; Lua's stack ends at 8000
local prefix, kept = ARGV[5], tonumber(ARGV[7])

if not is_newest(KEYS[1], ARGV[1], ARGV[2]) then
  return 0
end

local stored = redis.call('HMGET', KEYS[2], 'at', 'digest')
if stored[1] and (before(ARGV[3], stored[1]) or (ARGV[3] == stored[1] and ARGV[4] == stored[2])) then
  return 1
end

last = 7

-- Give the words that come next, after their number, to a command: so many at a time.
local function with_words(...)
  local words = tonumber(take())
  local fixed = { ... }
  for i = last + 1, last + words, WORDS do
    local command = { unpack(fixed) }
    for j = i, math.min(i + WORDS - 1, last + words) do
      command[#command + 1] = ARGV[j]
    end
    redis.call(unpack(command))
  end
  last = last + words
end

local function close(id, state, moment)
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZREM', KEYS[5], id)
  redis.call('UNLINK', prefix .. 'members:' .. id)
  redis.call('PEXPIRE', prefix .. 'group:' .. id, kept)
  if state == 'closed' then
    redis.call('ZADD', KEYS[5], moment, id)
    redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', string.format('%.0f', moment - kept))
  end
end

with_words('MSET')
with_words('ZADD', KEYS[4])
for _ = 1, take() do
  close(take(), take(), take())
end
for _ = 1, take() do
  with_words('HSET', take())
end
for _ = 1, take() do
  redis.call('XADD', KEYS[6], '*', 'kind', 'alert', 'op', take(), 'body', take())
end

with_words('HSET', prefix .. 'notes')
with_words('HDEL', prefix .. 'notes')
enter(KEYS[7])

redis.call('HSET', KEYS[2], 'at', ARGV[3], 'digest', ARGV[4])
redis.call('XTRIM', KEYS[3], 'MINID', ARGV[6])
return 1
