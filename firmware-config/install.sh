#!/bin/sh
# Installs LookHear as a service: program, units, udev rules, settings. Starts and enables nothing.
# Run again, it brings everything up to date; your settings stay as they are.
set -eu

usage() {
  cat <<USAGE
sudo $0 [--prefix DIR] [--binary FILE] [--profile NAME]

  --prefix DIR    where program and examples go; default /usr/local
  --binary FILE   the program; default target/release/lookhear
  --profile NAME  the settings to begin with: laptop, jetson-orin-nano, raspberry-pi-5 or mini-pc-kiosk (default)

With DESTDIR=DIR in the environment everything is laid into that folder, for packages and for a look.
USAGE
}

here=$(cd "$(dirname "$0")" && pwd)
prefix=/usr/local
binary=$here/../target/release/lookhear
profile=mini-pc-kiosk
destdir=${DESTDIR:-}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --prefix | --binary | --profile)
      [ $# -gt 1 ] || fail "$1 needs a value; see --help"
      case $1 in
        --prefix) prefix=$2 ;;
        --binary) binary=$2 ;;
        --profile) profile=$2 ;;
      esac
      shift 2
      ;;
    *) fail "$1 is not known; see --help" ;;
  esac
done

case $prefix in
  *[!A-Za-z0-9/._-]*) fail "--prefix $prefix: letters, digits and /._- only, because it is written into units" ;;
  /*) ;;
  *) fail "--prefix $prefix: give a path that begins with /" ;;
esac
[ -f "$here/$profile.toml" ] || fail "--profile $profile: there are laptop, jetson-orin-nano, raspberry-pi-5, mini-pc-kiosk"
[ -x "$binary" ] || fail "$binary is not there: cargo build --release, or name the program by --binary"
if [ -z "$destdir" ] && [ "$(id -u)" != 0 ]; then
  fail "this writes below /etc and $prefix and needs root: sudo $0, or a folder to look at by DESTDIR=folder $0"
fi

share=$prefix/share/lookhear
# Every file that is laid down, for uninstall.sh.
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# lay MODE SOURCE TARGET
lay() {
  install -D -m "$1" "$2" "$destdir$3"
  echo "$3" >>"$list"
  echo "  $3"
}

# lay_text SOURCE TARGET: a text that names paths, which follow the prefix.
lay_text() {
  text=$(mktemp)
  sed -e "s|/usr/bin/lookhear|$prefix/bin/lookhear|g" -e "s|/usr/share/lookhear|$share|g" "$1" >"$text"
  lay 644 "$text" "$2"
  rm -f "$text"
}

echo "Installed${destdir:+ in $destdir}:"
lay 755 "$binary" "$prefix/bin/lookhear"
for unit in lookhear.service lookhear-live.service; do
  lay_text "$here/$unit" "/etc/systemd/system/$unit"
done
lay 644 "$here/lookhear.sysusers" /etc/sysusers.d/lookhear.conf
lay 644 "$here/70-lookhear.rules" /etc/udev/rules.d/70-lookhear.rules
for example in "$here"/*.toml; do
  lay 644 "$example" "$share/$(basename "$example")"
done
for text in README.md network.conf journald.conf; do
  lay_text "$here/$text" "$share/$text"
done
lay 755 "$here/uninstall.sh" "$share/uninstall.sh"

settings=/etc/lookhear/lookhear.toml
if [ -e "$destdir$settings" ]; then
  echo "Kept: $settings"
else
  install -D -m 640 "$here/$profile.toml" "$destdir$settings"
  echo "  $settings (from $profile.toml)"
fi
install -m 644 "$list" "$destdir$share/installed"

if [ -z "$destdir" ]; then
  systemd-sysusers /etc/sysusers.d/lookhear.conf
  # The settings may hold a password: the service reads them, others do not.
  chgrp lookhear "$settings"
  chmod 640 "$settings"
  # In a container there may be neither.
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    udevadm control --reload
    udevadm trigger --subsystem-match=video4linux --subsystem-match=sound
  fi
fi

cat <<NEXT
Nothing was started. Next:
  sudo $prefix/bin/lookhear check-config $settings
  sudo systemctl enable --now lookhear        # or lookhear-live, without a screen
To undo: sudo $share/uninstall.sh --prefix $prefix (--purge: settings, recordings and the user, too)
NEXT
