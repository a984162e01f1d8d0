-- Things to do later: one verb a call, all or nothing.
-- KEYS  1 ids by the time they are due · 2 records by id · 3 how many puts there were
-- ARGV  1 verb · 2… see each verb
-- A record is the JSON of { revision, times handed out, kind, body }. Every put makes a new revision.
local DUE, RECORDS, PUTS = KEYS[1], KEYS[2], KEYS[3]

-- The store's clock: replicas disagree about the time, and they share this one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

local verbs = {}

-- 2 id · 3 due in milliseconds · 4 kind · 5 body
function verbs.put()
  local revision = whole(redis.call('INCR', PUTS))
  redis.call('HSET', RECORDS, ARGV[2], cjson.encode({ revision, 0, ARGV[4], ARGV[5] }))
  redis.call('ZADD', DUE, ARGV[3], ARGV[2])
  return 1
end

-- 2 id
function verbs.drop()
  redis.call('HDEL', RECORDS, ARGV[2])
  return redis.call('ZREM', DUE, ARGV[2])
end

-- 2 count · 3 lease in milliseconds. Answer: jobs, each as id, revision, times handed out, kind, body.
-- What is handed out falls due again when the lease ends.
function verbs.take()
  local jobs = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', whole(now), 'LIMIT', 0, ARGV[2])) do
    local record = redis.call('HGET', RECORDS, id)
    if record then
      local revision, times, kind, body = unpack(cjson.decode(record))
      redis.call('HSET', RECORDS, id, cjson.encode({ revision, times + 1, kind, body }))
      redis.call('ZADD', DUE, whole(now + ARGV[3]), id)
      jobs[#jobs + 1] = { id, revision, whole(times + 1), kind, body }
    else
      redis.call('ZREM', DUE, id)
    end
  end
  return jobs
end

-- 2 id · 3 revision. Answer: 1 forgotten, 0 it was put again meanwhile, or is gone.
function verbs.done()
  local record = redis.call('HGET', RECORDS, ARGV[2])
  if not record or cjson.decode(record)[1] ~= ARGV[3] then
    return 0
  end
  return verbs.drop()
end

return verbs[ARGV[1]]()
