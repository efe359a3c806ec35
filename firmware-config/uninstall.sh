#!/bin/sh
# Removes what install.sh has laid down. Settings, state and the user stay, unless they are asked for by --purge.
set -eu

usage() {
  cat <<USAGE
sudo $0 [--prefix DIR] [--purge]

  --prefix DIR  as for install.sh; default /usr/local
  --purge       remove settings, recordings and the user lookhear, too

With DESTDIR=DIR in the environment, from that folder.
USAGE
}

prefix=/usr/local
purge=
destdir=${DESTDIR:-}

fail() {
  echo "uninstall.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --prefix)
      [ $# -gt 1 ] || fail "--prefix needs a value; see --help"
      prefix=$2
      shift 2
      ;;
    --purge) purge=1; shift ;;
    *) fail "$1 is not known; see --help" ;;
  esac
done

if [ -z "$destdir" ] && [ "$(id -u)" != 0 ]; then
  fail "this removes files below /etc and $prefix and needs root: sudo $0"
fi
share=$prefix/share/lookhear
list=$destdir$share/installed

if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
  systemctl disable --now lookhear.service lookhear-live.service 2>/dev/null || true
fi

# drop PATH: a file, and the folders that it leaves empty. On the machine itself only those of our own name: even
# empty, /usr/local/bin is not ours.
drop() {
  [ -e "$destdir$1" ] || return 0
  rm -f "$destdir$1"
  echo "  $1"
  folder=$(dirname "$1")
  while [ "$folder" != / ]; do
    [ -n "$destdir" ] || [ "$(basename "$folder")" = lookhear ] || break
    rmdir "$destdir$folder" 2>/dev/null || break
    folder=$(dirname "$folder")
  done
}

echo "Removed${destdir:+ from $destdir}:"
if [ -f "$list" ]; then
  # The list is in a folder that goes with it.
  files=$(cat "$list")
  drop "$share/installed"
  for file in $files; do
    drop "$file"
  done
else
  echo "  nothing: there is no $share/installed. Was another --prefix given to install.sh?"
fi

if [ -n "$purge" ]; then
  drop /etc/lookhear/lookhear.toml
  if [ -z "$destdir" ]; then
    rm -rf /var/lib/lookhear
    if id lookhear >/dev/null 2>&1; then
      userdel lookhear
      echo "  the user lookhear, /var/lib/lookhear"
    fi
  fi
else
  echo "Kept: /etc/lookhear, /var/lib/lookhear, the user lookhear (--purge removes them)"
fi

if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  udevadm control --reload
fi
