-- Remember the ids of sign-ins, and queue those that are new: both, or neither.
-- KEYS  1 queue · 2… ids seen, one set an hour
-- ARGV  1 most that may be queued, then for each set: milliseconds that it is kept · how many sign-ins
--       ids (16 bytes, each once) · sightings (JSON) in the same order
-- Answer: how many were new; -1 the queue has no room for them, and nothing was done.
local room = ARGV[1] - redis.call('XLEN', KEYS[1])

local batches, new = {}, 0
local at = 1
for i = 2, #KEYS do
  local kept, count = ARGV[at + 1], tonumber(ARGV[at + 2])
  local batch = { key = KEYS[i], kept = kept, ids = {}, sightings = {} }
  local first = at + 3
  for j, known in ipairs(redis.call('SMISMEMBER', KEYS[i], unpack(ARGV, first, first + count - 1))) do
    if known == 0 then
      batch.ids[#batch.ids + 1] = ARGV[first + j - 1]
      batch.sightings[#batch.sightings + 1] = ARGV[first + count + j - 1]
    end
  end
  new = new + #batch.ids
  batches[#batches + 1] = batch
  at = at + 2 + 2 * count
end
if new > 0 and new > room then
  return -1
end

for _, batch in ipairs(batches) do
  if #batch.ids > 0 then
    redis.call('SADD', batch.key, unpack(batch.ids))
    redis.call('PEXPIRE', batch.key, batch.kept)
  end
  for _, sighting in ipairs(batch.sightings) do
    redis.call('XADD', KEYS[1], '*', 's', sighting)
  end
end
return new
