#!/usr/bin/env bash
# Builds a container image of a LookHear package and Debian's own packages. Nothing is pulled from a registry.
# build.sh DEB IMAGE.tar     IMAGE.tar: what `podman load -i` and `docker load -i` read
# SUITE: Debian's release (default: this machine's). PACKAGES: more of its packages, e.g. pipewire-alsa.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
deb=$(realpath "$1")
image=$(realpath -m "$2")

for program in mmdebstrap podman dpkg-deb; do
  command -v $program >/dev/null || { echo "build.sh: $program is missing: apt-get install mmdebstrap podman"; exit 1; }
done
arch=$(dpkg-deb -f "$deb" Architecture)
# shellcheck source=/dev/null
suite=${SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the package stands on, by name; of systemd the one part that makes the user.
needed=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/[|(].*//; s/ //g; s/^systemd$/systemd-standalone-sysusers/' | paste -sd,)

# shellcheck disable=SC2016 # mmdebstrap says what $1 is.
hook='chroot "$1" dpkg -i /tmp/lookhear.deb && rm "$1/tmp/lookhear.deb" && chroot "$1" install -d -o lookhear -g lookhear -m 750 /var/lib/lookhear'
# Manuals, translations and drivers for screens are left out: ffmpeg links none of these drivers itself.
mmdebstrap --quiet --variant=essential --architectures="$arch" \
  --include="$needed${PACKAGES:+,$PACKAGES}" \
  --aptopt='Apt::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/lib/*/dri/*' --dpkgopt='path-exclude=/usr/lib/*/libLLVM*' \
  --dpkgopt='path-exclude=/usr/lib/*/libz3.so*' \
  --customize-hook="cp '$deb' \"\$1/tmp/lookhear.deb\"" \
  --customize-hook="$hook" \
  --customize-hook="install -m 755 -D -t \"\$1/usr/share/lookhear/container\" '$here/station' '$here/health'" \
  --customize-hook="install -m 644 '$here/lookhear.toml' \"\$1/etc/lookhear/lookhear.toml\"" \
  "$suite" "$work/rootfs.tar"

cp "$here/Containerfile" "$work"
# The docker format has a place for the health check, OCI's has none.
podman build --quiet --format docker --platform "linux/$arch" --pull=never --tag localhost/lookhear "$work" >/dev/null
mkdir -p "$(dirname "$image")"
rm -f "$image"
podman save --quiet --format docker-archive -o "$image" localhost/lookhear
echo "$image: $(du -m "$image" | cut -f1) MiB, $arch"
