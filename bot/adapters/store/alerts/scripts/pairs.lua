-- Some pairs of a hash. One long answer is read faster than many short ones.
-- KEYS  1 hash     ARGV  1 cursor · 2 how many, roughly
-- Answer: the next cursor ("0": that was all) · field and value of each in turn, tabs between them.
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return { found[1], table.concat(found[2], '\t') }
