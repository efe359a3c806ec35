#!/bin/busybox sh
# First program of the guest: mounts this machine's files (read-only, under a layer of memory), the folder
# for what the guest writes, and goes on with the scenarios. REPOSITORY comes from the kernel's command line.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /below /above /all
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
mount -t tmpfs above /above
mkdir /above/upper /above/work
options=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o "$options,ro,cache=loose" files /below
mount -t overlay -o lowerdir=/below,upperdir=/above/upper,workdir=/above/work overlay /all
mount -t 9p -o "$options" out "/all$REPOSITORY/target/guest/out"
for place in proc sys dev; do mount --move "/$place" "/all/$place"; done
exec switch_root /all /bin/bash "$REPOSITORY/tests/guest/scenarios.sh"
