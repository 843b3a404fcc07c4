#!/bin/sh
# PID 1 until it becomes PgBouncer, whose end is then the end of the container, so that the engine starts it again. The
# dead-man loop beside it is begun anew whenever it ends: while PgBouncer comes up, and should it ever fail.
set -eu

while :; do
  resume-paused || :
  sleep 1
done &

exec pgbouncer /etc/neuronha/pgbouncer.ini
