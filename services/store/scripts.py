"""Переходы очереди отправки: каждый — один неделимый сценарий Lua (docs/at_least_once.md).

Запись лежит под базой и номером (``D1_5``): взять её может один отправляющий, под каким бы ключом она ни шла.
Хеш записи: ``uid`` — ключ, под которым её видят люди, ``state``, ``version``, ``attempts``, ``token``,
``ready_at`` (раньше её не берут), ``queued_at``, ``reason``, ``message``, ``revived``, ``lost`` — сколько
аренд подряд потеряно, ``put`` — вызов, который её поставил, ``doubt``, ``doubt_until``, ``looks`` — неясный
исход и сколько раз смотрели, чем он кончился. Рядом указатели филиала: ``due`` — когда вернуться с
подсказкой, ``index`` — когда поставлена, ``failed`` — когда отказала, ``clock`` — время последнего обхода.

Часы, переведённые назад, замечает обход очереди (``due``) по самому позднему времени прежних переходов: сроки
едут назад вместе с часами. Срок дальше, чем бывает, считается наступившим: запись не застревает.
"""

# Начало каждого перехода. KEYS: entry; ARGV: начало имён указателей, ключ записи.
PRELUDE = """
local entry = KEYS[1]
local function field(name) return redis.call('HGET', entry, name) end
local function at(name, uid) return ARGV[1] .. name .. ':' .. string.match(uid, '^[^_]*') end
local uid = field('uid') or ARGV[2]
local function move(name, to)
  local score = redis.call('ZSCORE', at(name, uid), uid)
  if score then
    redis.call('ZREM', at(name, uid), uid)
    redis.call('ZADD', at(name, to), score, to)
  end
end
local function seen(now)
  local clock = at('clock', ARGV[2])
  if tonumber(redis.call('GET', clock) or '0') < tonumber(now) then redis.call('SET', clock, now) end
end
local function ours(token) return field('token') == token and field('state') == 'in_flight' end
"""

# ARGV: now, время подсказки, временные причины через пробел, номер вызова.
# Возвращает 1, если нужна подсказка; повтор того же вызова (ответ потерялся) — тот же ответ.
# Отложенная ждёт своего срока: отправит она всё равно свежее, а сброс попыток отменил бы расписание повторов.
# Приём, перешедший в соседний филиал, меняет ключ, но остаётся той же записью; ждавшему отправки нужна новая
# подсказка: посланную под прежним ключом не примут.
PUT = """
seen(ARGV[3])
if field('put') == ARGV[6] then return 1 end
local renamed = uid ~= ARGV[2]
if renamed then
  for _, name in ipairs({'due', 'index', 'failed'}) do move(name, ARGV[2]) end
  uid = ARGV[2]
end
local state = field('state')
redis.call('HSET', entry, 'uid', uid)
redis.call('HINCRBY', entry, 'version', 1)
if state == 'in_flight' or state == 'retry' or state == 'doubt' then return 0 end
if state == 'failed' then
  if string.find(ARGV[5], ' ' .. (field('reason') or '') .. ' ', 1, true) then return 0 end
  redis.call('ZREM', at('failed', uid), uid)
end
if state == 'pending' and redis.call('ZSCORE', at('due', uid), uid) then
  if renamed then redis.call('ZADD', at('due', uid), ARGV[4], uid) end
  return renamed and 1 or 0
end
redis.call('HSET', entry, 'state', 'pending', 'attempts', 0, 'reason', '', 'message', '', 'ready_at', 0,
  'lost', 0, 'put', ARGV[6])
redis.call('HSETNX', entry, 'queued_at', ARGV[3])
redis.call('ZADD', at('index', uid), 'NX', ARGV[3], uid)
redis.call('ZADD', at('due', uid), ARGV[4], uid)
return 1
"""

# ARGV: now, конец аренды, жетон, дальний срок. {version, attempts, lost, doubt, doubt_until, looks} либо
# пусто. Жетон даёт вызывающий: повторенный вызов берёт ту же запись, а не находит её занятой самим собой.
CLAIM = """
seen(ARGV[3])
local state = field('state')
if not state or state == 'failed' or uid ~= ARGV[2] then return {} end
local now, lease_end, farthest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
if not ours(ARGV[5]) then
  local ready = tonumber(field('ready_at') or '0')
  if state == 'in_flight' then farthest = lease_end + 1 end
  if now < ready and ready <= farthest then return {} end
  if state == 'in_flight' then redis.call('HINCRBY', entry, 'lost', 1) end
  redis.call('HSET', entry, 'state', 'in_flight', 'token', ARGV[5], 'ready_at', ARGV[4])
  redis.call('ZADD', at('due', uid), ARGV[4], uid)
end
return {field('version'), field('attempts') or '0', field('lost') or '0', field('doubt') or '',
  field('doubt_until') or '0', field('looks') or '0'}
"""

# ARGV: жетон, версия, now. 1 — удалена, 0 — пришла новая версия, -1 — чужая.
COMPLETE = """
if not ours(ARGV[3]) then return -1 end
if field('version') == ARGV[4] then
  redis.call('DEL', entry)
  redis.call('ZREM', at('due', uid), uid)
  redis.call('ZREM', at('index', uid), uid)
  return 1
end
redis.call('HDEL', entry, 'doubt', 'doubt_until', 'looks')
redis.call('HSET', entry, 'state', 'pending', 'attempts', 0, 'token', '', 'reason', '', 'message', '',
  'ready_at', 0, 'lost', 0)
redis.call('ZADD', at('due', uid), ARGV[5], uid)
return 0
"""

# ARGV: жетон, состояние, срок подсказки, раньше не брать, 1 — попытка была, причина, текст.
# Сомнение прежней попытки остаётся: ясный отказ другой работы его не снимает.
DEFER = """
if not ours(ARGV[3]) then return 0 end
redis.call('HSET', entry, 'state', ARGV[4], 'token', '', 'ready_at', ARGV[6], 'lost', 0)
if ARGV[7] == '1' then
  redis.call('HINCRBY', entry, 'attempts', 1)
  redis.call('HSET', entry, 'reason', ARGV[8], 'message', ARGV[9])
end
redis.call('ZADD', at('due', uid), ARGV[5], uid)
return 1
"""

# ARGV: жетон, что неясно, до какого времени, сколько раз смотрели.
DOUBT = """
if not ours(ARGV[3]) then return 0 end
redis.call('HSET', entry, 'doubt', ARGV[4], 'doubt_until', ARGV[5], 'looks', ARGV[6])
return 1
"""

# ARGV: жетон, now, причина, текст, версия. Новая версия, пришедшая во время отправки, начинает всё заново.
FAIL = """
if not ours(ARGV[3]) then return 0 end
redis.call('HSET', entry, 'token', '', 'reason', ARGV[5], 'message', ARGV[6], 'ready_at', 0, 'lost', 0)
if field('version') ~= ARGV[7] then
  redis.call('HSET', entry, 'state', 'pending', 'attempts', 0)
  redis.call('ZADD', at('due', uid), ARGV[4], uid)
  return 0
end
redis.call('HSET', entry, 'state', 'failed')
redis.call('HINCRBY', entry, 'attempts', 1)
redis.call('ZREM', at('due', uid), uid)
redis.call('ZADD', at('failed', uid), ARGV[4], uid)
return 1
"""

# ARGV: now, 1 — оживление программой, 0 — воля человека.
REQUEUE = """
local state = field('state')
if state ~= 'failed' and state ~= 'retry' and state ~= 'doubt' then return 0 end
redis.call('HSET', entry, 'state', 'pending', 'attempts', 0, 'ready_at', 0, 'lost', 0)
if ARGV[4] == '1' then
  redis.call('HINCRBY', entry, 'revived', 1)
else
  redis.call('HSET', entry, 'revived', 0)
end
redis.call('ZREM', at('failed', uid), uid)
redis.call('ZADD', at('due', uid), ARGV[3], uid)
return 1
"""

# Убирает только отказавшую: отправляемое не теряется.
DROP = """
if field('state') ~= 'failed' then return 0 end
redis.call('DEL', entry)
redis.call('ZREM', at('index', uid), uid)
redis.call('ZREM', at('failed', uid), uid)
return 1
"""

# KEYS: запись и замок телефона каждого разрешения по очереди; ARGV: начало имён указателей, конец аренды,
# срок замка в мс, затем жетон, ключ записи и владелец замка ('' — замка нет). Возвращает по числу на каждое:
# 1 — в силе и продлено.
STILL_OURS = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = {}
for i = 1, #KEYS, 2 do
  local entry, lock, n = KEYS[i], KEYS[i + 1], 4 + (i - 1) / 2 * 3
  local token, uid, owner = ARGV[n], ARGV[n + 1], ARGV[n + 2]
  local ours = redis.call('HGET', entry, 'token') == token
  ours = ours and redis.call('HGET', entry, 'state') == 'in_flight'
  if ours and owner ~= '' then
    ours = string.match(redis.call('GET', lock) or '', '^%S+') == owner
  end
  if ours then
    redis.call('HSET', entry, 'ready_at', ARGV[2])
    local known = redis.call('HGET', entry, 'uid') or uid
    redis.call('ZADD', ARGV[1] .. 'due:' .. string.match(known, '^[^_]*'), ARGV[2], known)
    if owner ~= '' then
      local till = string.format('%.0f', now + tonumber(ARGV[3]))
      redis.call('SET', lock, owner .. ' ' .. till .. ' ' .. ARGV[3], 'PX', ARGV[3])
    end
  end
  table.insert(held, ours and 1 or 0)
end
return held
"""

# KEYS: due, index, clock; ARGV: now, время следующей подсказки, сколько, начало имени записи, дальний срок.
DUE = """
local function entry_of(uid) return ARGV[4] .. (string.match(uid, '_(.*)$') or '') end
local back = tonumber(redis.call('GET', KEYS[3]) or '0') - tonumber(ARGV[1])
redis.call('SET', KEYS[3], ARGV[1])
if back > 2 then
  local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #rows, 2 do
    redis.call('ZINCRBY', KEYS[1], -back, rows[i])
    for _, name in ipairs({'ready_at', 'doubt_until'}) do
      local term = tonumber(redis.call('HGET', entry_of(rows[i]), name) or '0')
      if term > 0 then redis.call('HSET', entry_of(rows[i]), name, string.format('%.3f', term - back)) end
    end
  end
end
local uids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
local strays = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[5], '+inf', 'LIMIT', 0, ARGV[3])
for _, uid in ipairs(strays) do table.insert(uids, uid) end
local found = {}
for _, uid in ipairs(uids) do
  if redis.call('HGET', entry_of(uid), 'uid') == uid then
    redis.call('ZADD', KEYS[1], ARGV[2], uid)
    table.insert(found, uid)
  else
    redis.call('ZREM', KEYS[1], uid)
    redis.call('ZREM', KEYS[2], uid)
  end
end
return found
"""

# KEYS: failed; ARGV: начало имени записи, причины через пробел. Возвращает все отказавшие по этим причинам,
# сколько бы прочих ни ждало человека: {ключ, причина, когда, сколько раз оживляли, …}.
CURABLE = """
local found = {}
local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #rows, 2 do
  local entry = ARGV[1] .. (string.match(rows[i], '_(.*)$') or '')
  local reason = redis.call('HGET', entry, 'reason') or ''
  if string.find(ARGV[2], ' ' .. reason .. ' ', 1, true) then
    for _, value in ipairs({rows[i], reason, rows[i + 1], redis.call('HGET', entry, 'revived') or '0'}) do
      table.insert(found, value)
    end
  end
end
return found
"""

#: Переходы одной записи: к каждому спереди добавлено общее начало.
STEPS = {
    "put": PUT,
    "claim": CLAIM,
    "complete": COMPLETE,
    "defer": DEFER,
    "doubt": DOUBT,
    "fail": FAIL,
    "requeue": REQUEUE,
    "drop": DROP,
}
SCRIPTS = {
    **{name: PRELUDE + text for name, text in STEPS.items()},
    "still_ours": STILL_OURS,
    "due": DUE,
    "curable": CURABLE,
}
