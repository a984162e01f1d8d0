-- Add or lift a silence; those that are over go with the next one that is added.
-- KEYS  1 silences by id · 2 ids by the time they end · 3 what this call lifted (lift only)
-- ARGV  1 add · 2 id · 3 now · 4 silence (JSON) · 5 when it ends
--       1 lift · 2 id · 3 now · 4 milliseconds that the call is remembered
-- Answer to lift: the silence, or false when it is over. Times are milliseconds since 1970.
local HISTORY = 86400000

if ARGV[1] == 'add' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', ARGV[3] - HISTORY))) do
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  end
  if redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[4]) == 1 then
    redis.call('ZADD', KEYS[2], ARGV[5], ARGV[2])
  end
  return 1
end

local lifted = redis.call('GET', KEYS[3])
if lifted then
  return lifted
end
local silence, ends = redis.call('HGET', KEYS[1], ARGV[2]), redis.call('ZSCORE', KEYS[2], ARGV[2])
if not silence or not ends or tonumber(ends) <= tonumber(ARGV[3]) then
  return false
end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('SET', KEYS[3], silence, 'PX', ARGV[4])
return silence
