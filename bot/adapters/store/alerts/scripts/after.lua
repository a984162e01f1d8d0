-- Sightings behind a position. One long answer is read faster than many short ones.
-- KEYS  1 queue     ARGV  1 position · 2 how many at most
-- Answer: lines, position and JSON in turn.
local lines = {}
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
  lines[2 * i - 1], lines[2 * i] = entry[1], entry[2][2] or ''
end
return table.concat(lines, '\n')
