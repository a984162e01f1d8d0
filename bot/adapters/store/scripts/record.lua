-- Put a job on a stream once per operation id.
-- KEYS  1 stream · 2 mark of the operation
-- ARGV  1 token of this call · 2 milliseconds the mark is kept · 3 kind · 4 operation id · 5 body (JSON)
-- Answer: 1 recorded (or repeated by the same call, whose first answer was lost), 0 recorded before.
local mark = redis.call('GET', KEYS[2])
if mark then
  return mark == ARGV[1] and 1 or 0
end
redis.call('XADD', KEYS[1], '*', 'kind', ARGV[3], 'op', ARGV[4], 'body', ARGV[5])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
