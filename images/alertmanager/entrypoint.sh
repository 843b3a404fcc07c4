#!/bin/sh
# PID 1 until it becomes Alertmanager; arguments are handed on.
set -eu

exec prometheus-alertmanager \
  --config.file=/etc/neuronha/alertmanager.yml \
  --web.config.file=/etc/neuronha/web.yml \
  --storage.path=/var/lib/alertmanager \
  --data.retention=24h \
  --log.format=json \
  "$@"
