-- Groups with their members, as long as those are few. One long answer is read faster than many short ones.
-- KEYS  groups, then the members of each in the same order, if they are wanted
-- ARGV  1 how many groups · 2 most members to return
-- Answer: a line for each group: JSON, then object id and times of each member in turn, tabs between them.
-- The line is empty when the group is gone, and has no members when they are too many for this call.
local count, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local lines = {}
for i = 1, count do
  local line = redis.call('GET', KEYS[i]) or ''
  local members = KEYS[count + i] and redis.call('HLEN', KEYS[count + i]) or 0
  if line ~= '' and members > 0 and members <= room then
    room = room - members
    line = line .. '\t' .. table.concat(redis.call('HGETALL', KEYS[count + i]), '\t')
  end
  lines[i] = line
end
return table.concat(lines, '\n')
