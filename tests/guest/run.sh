#!/usr/bin/env bash
# Boots the guest once, for all scenarios; their output is in target/guest/out afterwards.
# Usage: run.sh PROGRAM [SCENARIO...], the lookhear to be tested. target/guest is what prepare.sh made.
set -euo pipefail
program=$(realpath "$1")
shift
all=(both nokhwa stall busy camera_disconnected camera_removed microphone_removed calibrate)
scenarios=("${@:-${all[@]}}")
cd "$(dirname "$0")/../.."
guest=$PWD/target/guest
[ -e "$guest/initrd.gz" ] || { echo "Nothing is prepared: run .ci/guest" >&2; exit 1; }
rm -rf "$guest/out" && mkdir "$guest/out"
version=$(cat "$guest/kernel/complete")

share() { # share NAME FOLDER MORE: a folder that the guest can mount by that name.
  echo "-fsdev local,id=$1,path=$2,security_model=none$3 -device virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

# The kernel hands words it does not know to the first program, as its environment.
words="REPOSITORY=$PWD PROGRAM=$program SCENARIOS=$(IFS=,; echo "${scenarios[*]}")"
# Plain emulation: it works everywhere.
# shellcheck disable=SC2046 # Lists of words.
timeout --foreground --kill-after=5 "${LIMIT:-480}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1536 \
  -nodefaults -no-reboot -display none -serial stdio -monitor none \
  -kernel "$guest/kernel/boot/vmlinuz-$version" -initrd "$guest/initrd.gz" \
  -append "console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off $words" \
  $(share files / ,readonly=on,multidevs=remap) $(share out "$guest/out" "") \
  < /dev/null 2>&1 | tee "$guest/out/console"
grep -q '^all scenarios ran' "$guest/out/console" || { echo "The guest did not come to its end." >&2; exit 1; }
