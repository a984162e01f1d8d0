-- End a ticket and return it, once. The same call repeated after a lost answer gets the same ticket.
-- KEYS  1 ticket · 2 who took it
-- ARGV  1 id of the call · 2 how long to remember it, milliseconds
-- Answer: the ticket, or false.
local ticket = redis.call('GET', KEYS[1])
if ticket then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[1] .. '\n' .. ticket, 'PX', ARGV[2])
  return ticket
end

local taken = redis.call('GET', KEYS[2])
local mine = ARGV[1] .. '\n'
if taken and string.sub(taken, 1, #mine) == mine then
  return string.sub(taken, #mine + 1)
end
return false
