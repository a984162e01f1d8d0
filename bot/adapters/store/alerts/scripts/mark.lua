-- Replace a state, if nobody else held the lease since.
-- KEYS  1 lease · 2 state     ARGV  1 holder · 2 fence · 3 state (JSON)
-- Answer: 1 written, 0 the fence is old.
if not is_newest(KEYS[1], ARGV[1], ARGV[2]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[3])
return 1
