-- Replace a switch, if it still is what its thrower saw.
-- KEYS  1 switch
-- ARGV  1 what was seen ("" for nothing) · 2 what it becomes
-- Answer: 1 it is what was wanted (set now, or by the same call before), 0 somebody was quicker.
local held = redis.call('GET', KEYS[1]) or ''
if held == ARGV[2] then
  return 1
end
if held ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
