-- Forget a job, or bury it; then drop what every group of the stream has dealt with.
-- KEYS  1 stream · 2 dead letters
-- ARGV  1 group · 2 job id · 3 reason ('' = done) · 4 deliveries · 5… the groups that read this stream
-- Answer: 1 settled now, 0 settled before.
local stream, id = KEYS[1], ARGV[2]

if redis.call('EXISTS', stream) == 0 or redis.call('XACK', stream, ARGV[1], id) == 0 then
  return 0
end

if ARGV[3] ~= '' then
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'why', ARGV[3], 'deliveries', ARGV[4],
      'from', id, unpack(entry[2]))
  end
end

if #ARGV == 5 then
  redis.call('XDEL', stream, id)
  return 1
end

-- Entries below the oldest one that any group still needs may go. A group that does not exist yet needs
-- them all.
local last_read = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local fields = {}
  for i = 1, #info, 2 do
    fields[info[i]] = info[i + 1]
  end
  last_read[fields['name']] = fields['last-delivered-id']
end

local oldest
for i = 5, #ARGV do
  local needed = last_read[ARGV[i]]
  if not needed then
    return 1
  end
  local pending = redis.call('XPENDING', stream, ARGV[i])
  if pending[1] > 0 then
    needed = pending[2]
  end
  if not oldest or before(needed, oldest) then
    oldest = needed
  end
end
redis.call('XTRIM', stream, 'MINID', oldest)
return 1
