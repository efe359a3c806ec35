#!/usr/bin/env bash
# Everything the guest needs, below target/guest: installs Debian packages, fetches Debian's kernel (unpacked,
# never installed), builds v4l2loopback for it, packs the initrd, makes the sound and the clip.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages="qemu-system-x86 busybox-static cpio kmod v4l-utils alsa-utils sox ffmpeg build-essential libelf1"
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
command -v apt-get >/dev/null || { echo "The guest needs Debian's packages and kernel: no apt-get." >&2; exit 1; }
missing=""
for package in $packages; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
if [ -n "$missing" ]; then
  echo "Installing$missing"
  $sudo apt-get update -qq
  # shellcheck disable=SC2086 # A list of words.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
fi

mkdir -p target/guest
root=$PWD/target/guest/kernel
if [ ! -e "$root/complete" ]; then
  rm -rf "$root" && mkdir -p "$root/packages"
  $sudo apt-get update -qq
  # The metapackage depends on the kernel of the day.
  version=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1)
  [ -n "$version" ] || { echo "apt knows no linux-image-amd64: the guest needs Debian's kernel." >&2; exit 1; }
  headers=linux-headers-$version
  common=$(apt-cache depends "$headers" | sed -n 's/.*Depends: \(linux-headers-.*-common\)$/\1/p')
  kbuild=$(apt-cache depends "$headers" | sed -n 's/.*Depends: \(linux-kbuild-[^:]*\)$/\1/p')
  echo "Fetching Debian's kernel $version, its headers and v4l2loopback (unpacked below target/guest, not installed)"
  (cd "$root/packages" && apt-get -o APT::Sandbox::User=root download -qq \
    "linux-image-$version" "$headers" "$common" "$kbuild" v4l2loopback-dkms)
  for package in "$root"/packages/*.deb; do dpkg-deb -x "$package" "$root"; done
  # The headers name their place after an installation.
  sed -i "s|/usr/src/|$root&|" "$root/usr/src/$headers/Makefile"
  loopback=$(echo "$root"/usr/src/v4l2loopback-*)
  make -s -C "$root/usr/src/$headers" M="$loopback" modules
  cp "$loopback/v4l2loopback.ko" "$root/lib/modules/$version/kernel/"
  depmod -b "$root" "$version"
  rm -rf "$root/packages"
  echo "$version" > "$root/complete"
fi
version=$(cat "$root/complete")

# The initrd: busybox and the modules that mount this machine's files.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/bin" "$tree/modules"
cp "$(command -v busybox)" "$tree/bin/busybox"
cp tests/guest/init.sh "$tree/init"
chmod 755 "$tree" "$tree/init"
for wanted in virtio_pci 9pnet_virtio 9p overlay; do
  modprobe -d "$root" -S "$version" --show-depends "$wanted" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r module; do
  cp "$module" "$tree/modules/"
  basename "$module" >> "$tree/modules/order"
done
(cd "$tree" && find . | cpio -o -H newc --quiet | gzip -1) > target/guest/initrd.gz

# Minutes of a sweep, and a clip whose picture flashes and whose sound beeps at the start of every second.
[ -e target/guest/sweep.wav ] ||
  sox -n -r 48000 -c 2 -b 16 target/guest/sweep.wav synth 4 sine 300:3000 gain -6 repeat 99
once='lt(mod(t\,1)\,0.1)'
[ -e target/guest/clip.nut ] ||
  ffmpeg -v error -f lavfi -t 40 -i "color=black:size=320x240:rate=15,drawbox=color=white:t=fill:enable=$once" \
    -f lavfi -t 40 -i "aevalsrc=0.5*sin(2*PI*1000*t)*$once|0.5*sin(2*PI*1000*t)*$once:s=48000" \
    -c:v rawvideo -pix_fmt yuyv422 -c:a pcm_s16le target/guest/clip.nut
