"""Переходы очереди отправки: каждый — один неделимый сценарий Lua (docs/at_least_once.md).

Хеш записи: ``state``, ``version``, ``attempts``, ``token``, ``ready_at`` (раньше её не берут), ``queued_at``,
``reason``, ``message``, ``revived``. Рядом с записью три указателя филиала: ``due`` — когда к ней вернуться
с подсказкой, ``index`` — когда поставлена, ``failed`` — когда отказала.

Часы, переведённые назад, замечает обход очереди (``due``) по самому позднему времени прежних переходов: сроки
едут назад вместе с часами. Срок дальше, чем бывает, считается наступившим: запись не застревает.
"""

# Вставка: запоминает самое позднее время; назад его переводит только обход очереди.
SEEN = """
if tonumber(redis.call('GET', KEYS[5]) or '0') < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[5], ARGV[2])
end
"""

# KEYS: entry, due, index, failed, clock; ARGV: uid, now, время подсказки, временные причины через пробел.
# Возвращает 1, если нужна подсказка. Отложенная ждёт своего срока: отправит она всё равно свежее состояние,
# а сброс попыток отменил бы расписание повторов.
PUT = """
local state = redis.call('HGET', KEYS[1], 'state')
redis.call('HINCRBY', KEYS[1], 'version', 1)
if state == 'in_flight' or state == 'retry' then return 0 end
if state == 'failed' then
  local reason = redis.call('HGET', KEYS[1], 'reason') or ''
  if string.find(ARGV[4], ' ' .. reason .. ' ', 1, true) then return 0 end
  redis.call('ZREM', KEYS[4], ARGV[1])
end
if state == 'pending' and redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0, 'reason', '', 'message', '', 'ready_at', 0)
redis.call('HSETNX', KEYS[1], 'queued_at', ARGV[2])
redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due; ARGV: uid, now, конец аренды, жетон, дальний срок. {version, attempts} или пусто.
CLAIM = """
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'failed' then return {} end
local now, lease_end = tonumber(ARGV[2]), tonumber(ARGV[3])
local ready = tonumber(redis.call('HGET', KEYS[1], 'ready_at') or '0')
local farthest = tonumber(ARGV[5])
if state == 'in_flight' then farthest = lease_end + 1 end
if now < ready and ready <= farthest then return {} end
redis.call('HSET', KEYS[1], 'state', 'in_flight', 'token', ARGV[4], 'ready_at', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return {redis.call('HGET', KEYS[1], 'version'), redis.call('HGET', KEYS[1], 'attempts') or '0'}
"""

# KEYS: entry, due; ARGV: uid, жетон, конец аренды.
EXTEND = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'ready_at', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due, index; ARGV: uid, жетон, версия, now. 1 — удалена, 0 — пришла новая версия, -1 — чужая.
COMPLETE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return -1 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return -1 end
if redis.call('HGET', KEYS[1], 'version') == ARGV[3] then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0, 'token', '', 'reason', '', 'message', '',
  'ready_at', 0)
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return 0
"""

# KEYS: entry, due, index, failed; ARGV: uid, жетон, срок, причина, текст. Попытка посчитана, срок обязателен.
POSTPONE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'retry', 'token', '', 'reason', ARGV[4], 'message', ARGV[5],
  'ready_at', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due; ARGV: uid, жетон, срок. Попытка не считается: причины и счёт прежние.
RELEASE = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'token', '', 'ready_at', 0)
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: entry, due, index, failed; ARGV: uid, жетон, now, причина, текст, версия.
# Новая версия, пришедшая во время отправки, начинает попытки заново.
FAIL = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'in_flight' then return 0 end
redis.call('HSET', KEYS[1], 'token', '', 'reason', ARGV[4], 'message', ARGV[5], 'ready_at', 0)
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[6] then
  redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0)
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'failed')
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
return 1
"""

# KEYS: due, index, clock; ARGV: now, время следующей подсказки, сколько, начало ключа записи, дальний срок.
DUE = """
local back = tonumber(redis.call('GET', KEYS[3]) or '0') - tonumber(ARGV[1])
redis.call('SET', KEYS[3], ARGV[1])
if back > 2 then
  local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    redis.call('ZINCRBY', KEYS[1], -back, rows[i])
    local entry = ARGV[4] .. rows[i]
    local ready = tonumber(redis.call('HGET', entry, 'ready_at') or '0')
    if ready > 0 then redis.call('HSET', entry, 'ready_at', string.format('%.3f', ready - back)) end
  end
end
local uids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
local strays = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[5], '+inf', 'LIMIT', 0, ARGV[3])
for _, uid in ipairs(strays) do table.insert(uids, uid) end
local found = {}
for _, uid in ipairs(uids) do
  if redis.call('EXISTS', ARGV[4] .. uid) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[2], uid)
    table.insert(found, uid)
  else
    redis.call('ZREM', KEYS[1], uid)
    redis.call('ZREM', KEYS[2], uid)
  end
end
return found
"""

# KEYS: entry, due, index, failed; ARGV: uid, now, 1 — оживление программой, 0 — воля человека.
REQUEUE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'failed' and state ~= 'retry' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'pending', 'attempts', 0, 'ready_at', 0)
if ARGV[3] == '1' then
  redis.call('HINCRBY', KEYS[1], 'revived', 1)
else
  redis.call('HSET', KEYS[1], 'revived', 0)
end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
"""

# KEYS: entry, due, index, failed; ARGV: uid. Убирает только отказавшую: отправляемое не теряется.
DROP = """
if redis.call('HGET', KEYS[1], 'state') ~= 'failed' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
return 1
"""

SCRIPTS = {
    "put": SEEN + PUT,
    "claim": SEEN + CLAIM,
    "extend": EXTEND,
    "complete": COMPLETE,
    "postpone": POSTPONE,
    "release": RELEASE,
    "fail": FAIL,
    "due": DUE,
    "requeue": REQUEUE,
    "drop": DROP,
}
