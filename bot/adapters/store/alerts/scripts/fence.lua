-- Whether nobody held a lease since: also after its time, until somebody else takes it.
local function is_newest(lease, holder, fence)
  local held = redis.call('HMGET', lease, 'holder', 'fence')
  return held[1] == holder and held[2] == fence
end
