#!/bin/sh
# Держит redis-server, пока на другом конце стандартного ввода кто-то есть (см. redis-server.c).
exec 3<&0
redis-server "$@" </dev/null &
server=$!
# Сокеты Wine неблокирующие: «пока нечего читать» — ошибка cat, конец — успех.
(until cat <&3 >/dev/null; do sleep 0.02; done; kill -9 $server) 2>/dev/null &
guard=$!
wait $server
kill $guard 2>/dev/null
