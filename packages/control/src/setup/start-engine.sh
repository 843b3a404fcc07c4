#!/bin/sh
# Starts dockerd on a machine without systemd, in a session of its own: it outlives this script, the command that ran
# it and the terminal. Does nothing when an engine already answers.
set -eu
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

log=/var/log/neuronha-dockerd.log
pid_file=/var/run/docker.pid

if docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  exit 0
fi

# Where /run is on disk, the files of an engine that a reboot ended are still there, and the engine would believe a
# PID in them that belongs to another program by now.
forget_stale() { # pid file, program
  [ -r "$1" ] || return 0
  if [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" != "$2" ]; then rm -f "$1"; fi
}
forget_stale "$pid_file" dockerd
forget_stale /var/run/docker/containerd/containerd.pid containerd

# A log that grew in earlier runs is cut to its end.
if [ -f "$log" ] && [ "$(stat -c %s "$log")" -gt 10000000 ]; then
  tail -c 1000000 "$log" >"$log.cut" && mv "$log.cut" "$log"
fi

setsid --fork dockerd --pidfile "$pid_file" --log-level warn </dev/null >>"$log" 2>&1

tries=0
until docker version --format '{{.Server.Version}}' >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 150 ]; then
    echo "dockerd did not answer within 30 s; the end of $log:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
  sleep 0.2
done
