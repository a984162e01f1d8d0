-- A lease with a fence that grows with every new holder. It has no expiry of its own: the fence must last.
-- KEYS  1 lease (holder, fence, until)
-- ARGV  1 hold · 2 holder · 3 milliseconds     Answer: the fence, 0 while somebody else holds it
--       1 release · 2 holder · 3 fence         Answer: 1 given up, 0 it was not ours
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'holder', 'fence', 'until')
local holder, fence, ends = held[1] or '', held[2] or '0', tonumber(held[3] or 0)

if ARGV[1] == 'release' then
  if holder ~= ARGV[2] or fence ~= ARGV[3] then
    return 0
  end
  redis.call('HSET', KEYS[1], 'holder', '', 'until', 0)
  return 1
end

if holder ~= ARGV[2] then
  if holder ~= '' and ends > now then
    return 0
  end
  fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[2], 'until', string.format('%.0f', now + ARGV[3]))
return tonumber(fence)
