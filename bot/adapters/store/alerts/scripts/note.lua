-- Enter something into the ledger once.
-- KEYS  1 mark of the call · 2 newest quieted     ARGV  1 milliseconds that the call is remembered · 2… entries
-- Answer: 1 entered, 0 entered before.
if not redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then
  return 0
end
last = 1
enter(KEYS[2])
return 1
