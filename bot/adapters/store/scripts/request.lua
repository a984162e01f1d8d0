-- Every move of a change request: one verb a call, all or nothing.
--
-- KEYS  1 request · 2 outbox · 3 audit · 4 open, by creation · 5 due, by expiry
-- ARGV  1 verb · 2 request id · 3 operation id · 4 arguments (JSON) · 5 key prefix
-- Answer: status, detail, then records, each as id, field, value, field, value…
--
-- The order of the checks is part of the promise: repeated operation, missing, expired, state, fence,
-- lease, vote, move, outbox and audit, remembered result. A refusal is a result, too. Keys that are built
-- here from the prefix carry its hash tag, so they live in the slot of KEYS.
local OUTBOX, AUDIT, OPEN, DUE = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local verb, subject, op, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local args = cjson.decode(ARGV[4])

local KEEP_CLOSED_S = 180 * 86400
local KEEP_OPERATION_S = 7 * 86400
local KEEP_REFUSAL_S = 86400
local HISTORY = 20
local AUDIT_LENGTH = 100000
local OPEN_STATES = { pending = true, approved = true, executing = true }

-- The store's clock, not the caller's: replicas disagree about the time, and they share this one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

local function key_of(id)
  return prefix .. 'req:' .. id
end

local function field(id, name)
  return redis.call('HGET', key_of(id), name)
end

local function answer(status, detail, ids)
  local reply = { status, detail }
  for _, id in ipairs(ids or {}) do
    local record = redis.call('HGETALL', key_of(id))
    if #record > 0 then
      table.insert(record, 1, id)
      reply[#reply + 1] = record
    end
  end
  return reply
end

local function announce(id, kind, operation, by)
  local state, version = field(id, 'state'), field(id, 'ver')
  local body = cjson.encode({ request_id = id, state = state, version = version })
  redis.call('XADD', OUTBOX, '*', 'kind', kind, 'op', operation, 'body', body)
  redis.call('XADD', AUDIT, 'MAXLEN', '~', AUDIT_LENGTH, '*', 'kind', kind, 'request_id', id,
    'state', state, 'version', version, 'op', operation, 'by', by or '', 'at', whole(now))
end

local function close(id)
  local index = prefix .. 'target:' .. field(id, 'target')
  redis.call('ZREM', OPEN, id)
  if redis.call('GET', index) == id then
    redis.call('DEL', index)
  end
  redis.call('HSET', key_of(id), 'finished', whole(now))
  redis.call('EXPIRE', key_of(id), KEEP_CLOSED_S)
end

local function move(id, state, kind, operation, by)
  redis.call('HSET', key_of(id), 'state', state)
  redis.call('HINCRBY', key_of(id), 'ver', 1)
  if state ~= 'pending' then
    redis.call('ZREM', DUE, id)
  end
  if not OPEN_STATES[state] then
    close(id)
  end
  announce(id, kind, operation, by)
end

-- Every touch expires what is due, so that nobody depends on the sweeper being on time.
local function expire_if_due(id)
  if field(id, 'state') == 'pending' and tonumber(field(id, 'exp')) <= now then
    move(id, 'expired', 'expired', 'expire:' .. id, nil)
  end
end

local function expire_all(ids)
  for _, id in ipairs(ids) do
    expire_if_due(id)
  end
  return ids
end

local function remember(id, result)
  redis.call('HSET', key_of(id), 'op:' .. op, result or 'ok')
  return answer('ok', '', { id })
end

local function settle(id, state, by)
  redis.call('HSET', key_of(id), 'decided', whole(now))
  move(id, state, state, op, by)
end

-- Count a signed vote, or say why it does not count.
local function denial_of(id, given)
  if given.voter == field(id, 'requester') then
    return 'is_requester'
  elseif given.voter == field(id, 'target') then
    return 'is_target'
  end
  -- One person, one vote: an employee number is what several accounts of a person have in common.
  local marks = { 'voter:' .. given.voter }
  if (given.employee or '') ~= '' then
    marks[2] = 'employee:' .. given.employee
  end
  for _, mark in ipairs(marks) do
    if redis.call('HEXISTS', key_of(id), mark) == 1 then
      return 'already_voted'
    end
  end
  for _, mark in ipairs(marks) do
    redis.call('HSET', key_of(id), mark, given.decision)
  end
  local number = redis.call('HINCRBY', key_of(id), 'votes', 1)
  redis.call('HSET', key_of(id), 'vote:' .. number, given.vote, 'vote_mac:' .. number, given.vote_mac)
  return nil
end

-- Count an approval; is that enough?
local function approves(id)
  return redis.call('HINCRBY', key_of(id), 'approvals', 1) >= tonumber(field(id, 'quorum'))
end

local lists, moves = {}, {}

-- What this operation opened before, or was refused for, as an answer; nil when it did neither.
local function opening_before()
  local made = redis.call('GET', prefix .. 'opened:' .. op)
  if made and redis.call('EXISTS', key_of(made)) == 1 then
    expire_if_due(made)
    return answer('ok', '', { made })
  end
  local refused = redis.call('GET', prefix .. 'not_opened:' .. op)
  return refused and answer('refused', refused) or nil
end

function lists.open()
  local before = opening_before()
  if before then
    return before
  end
  local index = prefix .. 'target:' .. args.target
  local other = redis.call('GET', index)
  if other then
    expire_if_due(other)
    local state = field(other, 'state')
    if state and OPEN_STATES[state] then
      return answer('conflict', other, { other })
    end
  end
  if redis.call('EXISTS', key_of(subject)) == 1 then
    return answer('conflict', subject, { subject })
  end
  redis.call('HSET', key_of(subject), 'wish', args.wish, 'wish_mac', args.wish_mac, 'state', 'pending',
    'ver', 1, 'exp', whole(args.exp), 'quorum', args.quorum, 'requester', args.requester,
    'target', args.target, 'fence', 0, 'votes', 0, 'approvals', 0)
  redis.call('SET', index, subject)
  redis.call('SET', prefix .. 'opened:' .. op, subject, 'EX', KEEP_OPERATION_S)
  redis.call('ZADD', OPEN, whole(args.created), subject)
  redis.call('ZADD', DUE, whole(args.exp), subject)
  redis.call('LPUSH', prefix .. 'history:' .. args.target, subject)
  redis.call('LTRIM', prefix .. 'history:' .. args.target, 0, HISTORY - 1)
  redis.call('LPUSH', prefix .. 'asked:' .. args.requester, subject)
  redis.call('LTRIM', prefix .. 'asked:' .. args.requester, 0, HISTORY - 1)
  announce(subject, 'opened', op, args.requester)
  -- Approved beforehand, with another request: its votes come along, and count by the same rules.
  local enough, last = false, nil
  for _, given in ipairs(args.votes or {}) do
    if not denial_of(subject, given) then
      enough, last = approves(subject), given.voter
    end
  end
  if enough then
    settle(subject, 'approved', last)
  end
  return answer('ok', '', { subject })
end

function lists.opened_by()
  return opening_before() or answer('gone', '')
end

-- As with clicks: what a form was refused for is remembered, so that it never opens a request later.
function lists.refuse_opening()
  local before = opening_before()
  if before then
    return before
  end
  redis.call('SET', prefix .. 'not_opened:' .. op, args.refusal, 'EX', KEEP_REFUSAL_S)
  return answer('refused', args.refusal)
end

function lists.all_open()
  local ids = expire_all(redis.call('ZRANGE', OPEN, 0, -1))
  local still = {}
  for _, id in ipairs(ids) do
    if OPEN_STATES[field(id, 'state') or ''] then
      still[#still + 1] = id
    end
  end
  return answer('ok', '', still)
end

function lists.history()
  local ids = redis.call('LRANGE', prefix .. 'history:' .. args.target, 0, HISTORY - 1)
  return answer('ok', '', expire_all(ids))
end

function lists.asked_by()
  local ids = redis.call('LRANGE', prefix .. 'asked:' .. args.requester, 0, HISTORY - 1)
  return answer('ok', '', expire_all(ids))
end

function lists.expire_due()
  local ids = redis.call('ZRANGEBYSCORE', DUE, '-inf', whole(now), 'LIMIT', 0, 100)
  return answer('ok', '', expire_all(ids))
end

function moves.get(id)
  return answer('ok', '', { id })
end

function moves.show_on(id)
  redis.call('HSETNX', key_of(id), 'card', args.card)
  return answer('ok', '', { id })
end

function moves.vote(id, state)
  if state ~= 'pending' then
    return answer('conflict', id, { id })
  end
  local denial = denial_of(id, args)
  if denial then
    return answer('denied', denial)
  elseif args.decision == 'deny' then
    settle(id, 'denied', args.voter)
  elseif approves(id) then
    settle(id, 'approved', args.voter)
  else
    move(id, 'pending', 'voted', op, args.voter)
  end
  return remember(id)
end

-- What a click was refused for is remembered like what it did: two processes that carry out one click
-- give one answer, that of the first. Not in the record, which refused clicks must not swell; and not past
-- pending, where no click counts any more.
local function refusal_key()
  return prefix .. 'refused:' .. subject .. ':' .. op
end

function moves.refuse(_, state)
  if state == 'pending' then
    redis.call('SET', refusal_key(), args.refusal, 'EX', KEEP_REFUSAL_S)
  end
  return answer('refused', args.refusal)
end

function moves.cancel(id, state)
  if state ~= 'pending' then
    return answer('conflict', id, { id })
  end
  settle(id, 'cancelled', args.by)
  return remember(id)
end

function moves.claim(id, state)
  local lease = tonumber(field(id, 'lease') or '0')
  if state ~= 'approved' and not (state == 'executing' and lease <= now) then
    return answer('conflict', id, { id })
  end
  local fence = redis.call('HINCRBY', key_of(id), 'fence', 1)
  redis.call('HSET', key_of(id), 'lease', whole(now + args.lease), 'worker', args.worker)
  move(id, 'executing', 'executing', args.worker .. ':' .. fence, args.worker)
  return remember(id, whole(fence))
end

local function holds(id, state)
  return state == 'executing' and tonumber(field(id, 'fence')) == args.fence
end

function moves.renew(id, state)
  if not holds(id, state) then
    return answer('conflict', id, { id })
  end
  redis.call('HSET', key_of(id), 'lease', whole(now + args.lease))
  return answer('ok', '', { id })
end

function moves.finish(id, state)
  if not holds(id, state) then
    return answer('conflict', id, { id })
  end
  redis.call('HSET', key_of(id), 'failure', args.failure, 'outcome', args.outcome)
  redis.call('HDEL', key_of(id), 'lease')
  move(id, args.state, args.state, op, field(id, 'worker'))
  return remember(id)
end

-- A claim is repeated truthfully only while nobody has taken over since.
local function repeated(id, result)
  if verb == 'claim' and result ~= field(id, 'fence') then
    return answer('conflict', id, { id })
  end
  return answer('ok', '', { id })
end

if lists[verb] then
  return lists[verb]()
end
local result = field(subject, 'op:' .. op)
if result then
  return repeated(subject, result)
end
local refusal = op ~= '' and redis.call('GET', refusal_key())
if refusal then
  return answer('refused', refusal)
end
local state = field(subject, 'state')
if not state then
  return answer('gone', '')
end
expire_if_due(subject)
return moves[verb](subject, field(subject, 'state'))
