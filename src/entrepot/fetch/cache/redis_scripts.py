"""What the Redis store does in one step, in Redis's own language. Under the prefix `p`:

e:<id>    hash: facts, key, url, owner, selecting, tags, chunks    b:<id>:<n>  the body's n-th piece
f:<id>    hash: a converted form by its name                       k:<key>     the ids of a key's variants
t:<tag>   the ids with a tag                                       urls        "url NUL id", in order of bytes
lru       ids by the time of their last use                        sizes       bytes by id
bytes     the sum of the sizes                                     evictions   how many had to make room
"""

_DROP = """
local function drop(p, id)
  local told = redis.call('HMGET', p..'e:'..id, 'key', 'url', 'tags', 'chunks')
  local size = tonumber(redis.call('HGET', p..'sizes', id) or 0)
  redis.call('ZREM', p..'lru', id)
  redis.call('HDEL', p..'sizes', id)
  if size > 0 then redis.call('DECRBY', p..'bytes', size) end
  redis.call('UNLINK', p..'e:'..id, p..'f:'..id)
  if not told[1] then return 0 end
  redis.call('SREM', p..'k:'..told[1], id)
  redis.call('ZREM', p..'urls', told[2]..'\\0'..id)
  for tag in string.gmatch(told[3], '[^\\n]+') do redis.call('SREM', p..'t:'..tag, id) end
  for n = 0, tonumber(told[4]) - 1 do redis.call('UNLINK', p..'b:'..id..':'..n) end
  return 1
end
"""

_MAKE_ROOM = """
local function make_room(p, max_bytes, max_entries)
  for _ = 1, 256 do
    local over = tonumber(redis.call('GET', p..'bytes') or 0) > max_bytes
    if not over and redis.call('ZCARD', p..'lru') <= max_entries then return end
    local oldest = redis.call('ZRANGE', p..'lru', 0, 0)[1]
    if not oldest then redis.call('DEL', p..'bytes') return end
    drop(p, oldest)
    redis.call('INCR', p..'evictions')
  end
end
"""

# ARGV: p id key facts url owner selecting tags chunks size now_ms ttl_seconds max_bytes max_entries
PUT = (
    _DROP
    + _MAKE_ROOM
    + """
local p, id, key = ARGV[1], ARGV[2], ARGV[3]
for n = 0, tonumber(ARGV[9]) - 1 do
  if redis.call('EXPIRE', p..'b:'..id..':'..n, ARGV[12]) == 0 then return 0 end
end
for _, other in ipairs(redis.call('SMEMBERS', p..'k:'..key)) do
  local selecting = redis.call('HGET', p..'e:'..other, 'selecting')
  if not selecting or selecting == ARGV[7] then drop(p, other) end
  if not selecting then redis.call('SREM', p..'k:'..key, other) end
end
redis.call('HSET', p..'e:'..id, 'facts', ARGV[4], 'key', key, 'url', ARGV[5], 'owner', ARGV[6],
  'selecting', ARGV[7], 'tags', ARGV[8], 'chunks', ARGV[9])
redis.call('EXPIRE', p..'e:'..id, ARGV[12])
redis.call('SADD', p..'k:'..key, id)
redis.call('EXPIRE', p..'k:'..key, ARGV[12])
redis.call('ZADD', p..'urls', 0, ARGV[5]..'\\0'..id)
for tag in string.gmatch(ARGV[8], '[^\\n]+') do redis.call('SADD', p..'t:'..tag, id) end
redis.call('ZADD', p..'lru', ARGV[11], id)
redis.call('HSET', p..'sizes', id, ARGV[10])
redis.call('INCRBY', p..'bytes', ARGV[10])
make_room(p, tonumber(ARGV[13]), tonumber(ARGV[14]))
return redis.call('EXISTS', p..'e:'..id)
"""
)

# ARGV: p id name value now_ms ttl_seconds max_bytes max_entries
PUT_FORM = (
    _DROP
    + _MAKE_ROOM
    + """
local p, id = ARGV[1], ARGV[2]
if redis.call('EXISTS', p..'e:'..id) == 0 then return 0 end
local grown = #ARGV[4] - redis.call('HSTRLEN', p..'f:'..id, ARGV[3])
redis.call('HSET', p..'f:'..id, ARGV[3], ARGV[4])
redis.call('EXPIRE', p..'f:'..id, ARGV[6])
redis.call('HINCRBY', p..'sizes', id, grown)
redis.call('INCRBY', p..'bytes', grown)
redis.call('ZADD', p..'lru', ARGV[5], id)
make_room(p, tonumber(ARGV[7]), tonumber(ARGV[8]))
return redis.call('EXISTS', p..'e:'..id)
"""
)

# ARGV: p key; gives the facts of every variant that is still there
FIND = (
    _DROP
    + """
local p, found = ARGV[1], {}
for _, id in ipairs(redis.call('SMEMBERS', p..'k:'..ARGV[2])) do
  local facts = redis.call('HGET', p..'e:'..id, 'facts')
  if facts then table.insert(found, facts) else
    drop(p, id)
    redis.call('SREM', p..'k:'..ARGV[2], id)
  end
end
return found
"""
)

# ARGV: p id facts selecting
UPDATE = """
if redis.call('EXISTS', ARGV[1]..'e:'..ARGV[2]) == 1 then
  redis.call('HSET', ARGV[1]..'e:'..ARGV[2], 'facts', ARGV[3], 'selecting', ARGV[4])
end
return 1
"""

# ARGV: p id now_ms ttl_seconds; gives how many pieces the body has, or nothing
TOUCH = """
local p, id = ARGV[1], ARGV[2]
local chunks = redis.call('HGET', p..'e:'..id, 'chunks')
if not chunks then return nil end
redis.call('ZADD', p..'lru', ARGV[3], id)
redis.call('EXPIRE', p..'e:'..id, ARGV[4])
redis.call('EXPIRE', p..'f:'..id, ARGV[4])
redis.call('EXPIRE', p..'k:'..redis.call('HGET', p..'e:'..id, 'key'), ARGV[4])
for n = 0, tonumber(chunks) - 1 do redis.call('EXPIRE', p..'b:'..id..':'..n, ARGV[4]) end
return tonumber(chunks)
"""

# ARGV: p id …
DROP = (
    _DROP
    + """
local removed = 0
for n = 2, #ARGV do removed = removed + drop(ARGV[1], ARGV[n]) end
return removed
"""
)
