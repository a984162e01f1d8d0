-- Whether one place in a stream lies before another.
local function parts(entry_id)
  local ms, seq = string.match(entry_id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(seq)
end

local function before(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end
