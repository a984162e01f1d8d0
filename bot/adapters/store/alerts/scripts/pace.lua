-- Turns that come one after the other.
-- KEYS  1 the moment that is free next, milliseconds since 1970
-- ARGV  1 turn · 2 milliseconds that a turn takes       Answer: milliseconds until it
--       1 hold_off · 2 milliseconds without any turn
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local turn = free

if ARGV[1] == 'turn' then
  free = turn + ARGV[2]
else
  free = math.max(free, now + ARGV[2])
end
if free > now then
  redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', string.format('%.0f', free - now))
end
return turn - now
