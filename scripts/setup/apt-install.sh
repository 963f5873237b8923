# Installs what the arguments name (server, browser, clock) with apt-get, as root, so that no service is started, now or at boot.
set -eu
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Packages ask this program whether they may start their service; 101 is no. An administrator's own comes back afterwards.
policy=/usr/sbin/policy-rc.d
kept=$policy.before-taproot
trap 'rm -f "$policy"; if [ -e "$kept" ]; then mv "$kept" "$policy"; fi' EXIT
trap 'exit 130' INT TERM HUP
if [ -e "$policy" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

available() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }
first_available() {
  for name in "$@"; do if available "$name"; then echo "$name"; return; fi; done
}
packages_of() {
  for thing in "$@"; do
    case $thing in
      server) first_available redis-server valkey-server ;;
      browser) first_available chromium ;;
      clock) first_available faketime ;;
    esac
  done
}
install() {
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"
}

packages=$(packages_of "$@")
# A fresh machine knows no packages yet.
if [ "$(echo "$packages" | wc -w)" -lt $# ]; then
  apt-get update -qq
  packages=$(packages_of "$@")
fi
if [ "$(echo "$packages" | wc -w)" -lt $# ]; then
  echo "apt-get knows no package for: $*" >&2
  exit 1
fi
# Package lists that are too old name files that are gone.
# shellcheck disable=SC2086
install $packages || { apt-get update -qq && install $packages; }

for service in redis-server valkey-server; do
  case " $(echo $packages) " in *" $service "*)
    update-rc.d "$service" disable >/dev/null 2>&1 || true
    systemctl disable "$service" >/dev/null 2>&1 || true ;;
  esac
done
