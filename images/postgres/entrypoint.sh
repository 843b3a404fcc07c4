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

# The runner of backups reads this member's files through pgBackRest's own server. It gives way to PostgreSQL, ends with the
# container, and holds nothing that is needed for that: not the lock either.
serve_backups() {
  while :; do
    nice -n 10 pgbackrest --config=/etc/neuronha/pgbackrest.conf --config-include-path=/etc/neuronha/pgbackrest.d server || true
    sleep 5
  done
}
if [ -e /etc/neuronha/pgbackrest.conf ]; then serve_backups 9>&- & fi

exec /usr/local/lib/neuronha/patroni /etc/neuronha/patroni.yml
