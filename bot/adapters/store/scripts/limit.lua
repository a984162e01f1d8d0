-- Count uses in a sliding window.
-- KEYS  1 uses, by the time they were counted
-- ARGV  1 admit or count · 2 window in ms · 3 most uses · 4 mark of the operation
-- Answer: admit: 1 counted (now, or before by the same operation), 0 one too many. count: how many.
--
-- A refused use is not kept, so the set never holds more than the most that was ever allowed.
local window = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if ARGV[1] == 'count' then
  return redis.call('ZCARD', KEYS[1])
end
if redis.call('ZSCORE', KEYS[1], ARGV[4]) then
  return 1
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('ZADD', KEYS[1], now, ARGV[4])
redis.call('PEXPIRE', KEYS[1], window)
return 1
