#!/bin/sh
# Installs Docker Compose v2 on a Debian release that has only v1: takes the one plugin file out of Debian 13's package
# docker-compose (it depends on nothing but libc6 2.34). apt works in a folder of its own, with its own sources, lists
# and cache, and verifies against Debian's keys: the machine's apt configuration is neither changed nor added to.
#
# usage: install-compose-plugin.sh [MIRROR]
set -eu

mirror=${1:-http://deb.debian.org/debian}
target=/usr/local/lib/docker/cli-plugins/docker-compose
keys=/usr/share/keyrings/debian-archive-keyring.gpg

work=$(mktemp -d /tmp/neuronha-compose.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"
: >"$work/status"
echo "deb [signed-by=$keys] $mirror trixie main" >"$work/sources.list"
cat >"$work/apt.conf" <<EOF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/status";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
EOF
# Hooks of the machine's configuration (caches of software centres) are none of this folder's business.
cat >>"$work/apt.conf" <<'EOF'
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
export APT_CONFIG="$work/apt.conf"

apt-get --quiet --error-on=any update
cd "$work"
apt-get --quiet download docker-compose
dpkg-deb --extract docker-compose_*.deb "$work/unpacked"

# Into place in one move: an interrupted run leaves no half of a plugin.
mkdir -p "$(dirname "$target")"
install -m 0755 "$work/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$target.new"
mv "$target.new" "$target"
docker compose version
