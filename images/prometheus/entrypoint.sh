#!/bin/sh
# PID 1 until it becomes Prometheus; arguments are handed on. The web configuration (TLS, password) is optional.
set -eu

web_config=/etc/neuronha/web.yml
if [ -e "$web_config" ]; then
  set -- --web.config.file="$web_config" "$@"
fi

exec prometheus \
  --config.file=/etc/neuronha/prometheus.yml \
  --storage.tsdb.path=/var/lib/prometheus \
  --storage.tsdb.wal-compression \
  --log.format=json \
  "$@"
