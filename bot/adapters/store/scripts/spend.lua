-- Take one call from a shared allowance, or say how long to wait.
-- KEYS  1 allowance · 2 drained mark · 3, 4 marks of waiting actions and waiting people
--       5 the background's own calls in a window
-- ARGV  1 urgency (0 action, 1 person, 2 background) · 2 milliseconds the caller can wait
--       3 calls · 4 window in ms (0: a bucket that refills) · 5 calls a second · 6 token of this call
--       7 milliseconds after which a caller that waits asks again; one that gave up is soon forgotten
--       8 how many of the calls this urgency leaves to others: never all
--       9 most calls in a window that may be the background's own
-- Answer: 0 taken, otherwise milliseconds until it is worth asking again.
local urgency, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local calls, window, rate = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local reserve, of_background = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local function in_window(key, allowed)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local used = redis.call('ZCARD', key)
  if used < allowed then
    return 0
  end
  local leaves = redis.call('ZRANGE', key, used - allowed, used - allowed, 'WITHSCORES')[2]
  return tonumber(leaves) + window - now
end

local function in_windows()
  local wait = in_window(KEYS[1], calls - reserve)
  return urgency < 2 and wait or math.max(wait, in_window(KEYS[5], of_background))
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
    for _, key in ipairs({ KEYS[1], urgency == 2 and KEYS[5] or nil }) do
      redis.call('ZADD', key, now, ARGV[6])
      redis.call('PEXPIRE', key, window)
    end
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
wait = math.max(wait, window > 0 and in_windows() or in_bucket())
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
