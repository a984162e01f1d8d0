-- Graph said 429: nobody spends for a while. A shorter pause never cuts a longer one.
-- KEYS  1 drained mark     ARGV  1 milliseconds
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
end
return 1
