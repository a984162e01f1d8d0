-- Who may touch a group's message, what it shows, and who looks after it.
-- KEYS  1 claim · 2 message
--       acknowledge: 1 acknowledgement
-- ARGV  1 begin · 2 holder · 3 milliseconds       Answer: 1 claimed, 0 another worker has it
--       1 let_go · 2 holder
--       1 shown · 2 holder · 3 milliseconds that it is kept · 4 message (JSON)
--       1 acknowledge · 2 nothing · 3 milliseconds that it is kept · 4 acknowledgement     Answer: the first one
if ARGV[1] == 'acknowledge' then
  redis.call('SET', KEYS[1], ARGV[4], 'NX', 'PX', ARGV[3])
  return redis.call('GET', KEYS[1])
end

local holder = redis.call('GET', KEYS[1])

if ARGV[1] == 'begin' then
  if holder and holder ~= ARGV[2] then
    return 0
  end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end

if ARGV[1] == 'shown' then
  redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3])
end
if holder == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
return 1
