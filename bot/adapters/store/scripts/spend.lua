-- Take one call from a shared allowance, or say how long to wait.
-- KEYS  1 allowance · 2 drained mark · 3, 4 marks of waiting actions and waiting people
-- ARGV  1 urgency (0 action, 1 person, 2 background) · 2 milliseconds the caller can wait
--       3 calls · 4 window in ms (0: a bucket that refills) · 5 calls a second · 6 token of this call
--       7 milliseconds after which a caller that waits asks again; one that gave up is soon forgotten
-- Answer: 0 taken, otherwise milliseconds until it is worth asking again.
local urgency, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local calls, window, rate = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

-- Whoever is less urgent leaves calls to the others, unless there is only one: of a window people leave one
-- and background work three (an answer takes two), of a bucket that refills at once background work one.
local LEFT_IN_WINDOW, LEFT_IN_BUCKET = { 0, 1, 3 }, { 0, 0, 1 }
local reserve = math.min((window > 0 and LEFT_IN_WINDOW or LEFT_IN_BUCKET)[urgency + 1], calls - 1)

local function in_window()
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
  local used, allowed = redis.call('ZCARD', KEYS[1]), calls - reserve
  if used < allowed then
    return 0
  end
  local leaves = redis.call('ZRANGE', KEYS[1], used - allowed, used - allowed, 'WITHSCORES')[2]
  return tonumber(leaves) + window - now
end

local function tokens()
  local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at')
  local left, at = tonumber(stored[1] or calls), tonumber(stored[2] or now)
  return math.min(calls, left + math.max(0, now - at) * rate / 1000)
end

local function in_bucket()
  return math.max(0, (1 + reserve - tokens()) * 1000 / rate)
end

local function take()
  if window > 0 then
    redis.call('ZADD', KEYS[1], now, ARGV[6])
    redis.call('PEXPIRE', KEYS[1], window)
  else
    local left = tokens() - 1
    redis.call('HSET', KEYS[1], 'tokens', left, 'at', now)
    redis.call('PEXPIRE', KEYS[1], math.ceil(calls * 1000 / rate) + 1000)
  end
end

-- Whoever is more urgent and already waiting goes first.
local function behind()
  local longest = 0
  for class = 0, urgency - 1 do
    longest = math.max(longest, redis.call('PTTL', KEYS[3 + class]))
  end
  return longest
end

local wait = math.max(redis.call('PTTL', KEYS[2]), behind())
wait = math.max(wait, window > 0 and in_window() or in_bucket())
if wait <= 0 then
  take()
  if urgency < 2 then
    redis.call('DEL', KEYS[3 + urgency])
  end
  return 0
end
wait = math.ceil(wait)
if urgency < 2 and wait <= patience then
  redis.call('SET', KEYS[3 + urgency], 1, 'PX', math.min(wait, tonumber(ARGV[7])) + 250)
end
return wait
