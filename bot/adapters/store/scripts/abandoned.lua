-- Take over jobs that another consumer was handed and left alone, with how often each was handed out.
-- KEYS  1 stream
-- ARGV  1 group · 2 consumer · 3 milliseconds after which a job counts as abandoned · 4 cursor · 5 count
-- Answer: cursor to go on from, then jobs, each as id, deliveries, field, value…
--
-- XAUTOCLAIM answers two elements before Redis 7 and three since (the third: ids that were trimmed away);
-- before 7 a trimmed job comes as false.
local found = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local reply = { found[1] }
for _, entry in ipairs(found[2]) do
  if entry and entry[2] then
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)[1]
    local job = { entry[1], tostring(pending and pending[4] or 1) }
    for _, part in ipairs(entry[2]) do
      job[#job + 1] = part
    end
    reply[#reply + 1] = job
  end
end
return reply
