-- Enter what happened into the ledger. Arguments are taken one after the other, from `last` on.
-- Arguments: counters: how many, then each as key · field · by · milliseconds it is kept
--            times to fix: how many, then each as key · seconds · most that are kept · milliseconds
--            quieted: how many, their JSON with the newest last · most that are kept
--            people: how many, then each as key · how many · places among the quieted · most · milliseconds
local last = 0

local function take()
  last = last + 1
  return ARGV[last]
end

local function enter(newest)
  for _ = 1, take() do
    local key = take()
    redis.call('HINCRBY', key, take(), take())
    redis.call('PEXPIRE', key, take())
  end
  for _ = 1, take() do
    local key, seconds = take(), take()
    if redis.call('LLEN', key) < tonumber(take()) then
      redis.call('RPUSH', key, seconds)
    end
    redis.call('PEXPIRE', key, take())
  end

  local count = tonumber(take())
  local before = last
  last = last + count
  local most = take()
  if count > 0 then
    redis.call('LPUSH', newest, unpack(ARGV, before + 1 + math.max(0, count - most), before + count))
    redis.call('LTRIM', newest, 0, most - 1)
  end
  for _ = 1, take() do
    local key, length = take(), 0
    for _ = 1, take() do
      length = redis.call('LPUSH', key, ARGV[before + take()])
    end
    local wanted = tonumber(take())
    if length > wanted then
      redis.call('LTRIM', key, 0, wanted - 1)
    end
    redis.call('PEXPIRE', key, take())
  end
end
