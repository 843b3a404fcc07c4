#!/bin/sh
# PID 1 of a member until it becomes Patroni. The lock on the data volume is held through descriptor 9, which Patroni
# inherits and never closes: as long as this container lives, no second one can write to the same files.
set -eu

volume=/var/lib/postgresql
exec 9>>"$volume/.lock"
if ! flock --exclusive --nonblock 9; then
  echo "neuronha: another container holds the data volume ($volume/.lock); this member does not start" >&2
  exit 75
fi

# PIDs repeat in containers: the one in a stale file may be alive here, as something else. The lock proves that no
# postmaster of ours is running.
rm -f "$volume/data/postmaster.pid"

# /run is a tmpfs and comes up empty.
mkdir -p -m 0775 /run/postgresql

exec /usr/local/lib/neuronha/patroni /etc/neuronha/patroni.yml
