#!/bin/bash
# Runs inside the guest, as its first program, and only stages: whether the program did right is judged by
# tests/guest.rs, from what is left in target/guest/out for every scenario NAME:
#   NAME.jsonl  what the program printed
#   NAME.err    its standard error
#   NAME.marks  what was done to it: "WORD SECONDS LINES", LINES of NAME.jsonl having been printed by then
#   NAME.end    "EXIT-CODE MILLISECONDS" from SIGTERM to its end
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run LC_ALL=C
mount -t tmpfs run /run
guest=$REPOSITORY/target/guest out=$REPOSITORY/target/guest/out
camera=/dev/video0 microphone=alsa:hw:CARD=Loopback,DEV=1

now() { cut -d' ' -f1 /proc/uptime; }
say() { echo "[$(now)] $*"; }
load() { modprobe -d "$guest/kernel" "$@" || say "FAILED: modprobe $*"; }
control() { timeout 10 v4l2-ctl -d "$camera" -c "$1"; }

begin() { # begin OPTION...: starts the program.
  : > "$run.jsonl"
  "$PROGRAM" live --headless --json --stats --hop 1 --swap 0 --size 320x180 --camera "$camera" \
    --microphone "$microphone" "$@" > "$run.jsonl" 2> "$run.err" &
  program=$!
  mark begin
}
mark() {
  seen=$(wc -l < "$run.jsonl")
  echo "$1 $(now) $seen" >> "$run.marks"
}
since() { tail -n "+$((seen + 1))" "$run.jsonl"; }
until_seen() { # until_seen PATTERN [COUNT]: waits for so many lines since the mark, but not for ever.
  local until=$((SECONDS + 40))
  while [ "$SECONDS" -lt "$until" ] && kill -0 "$program" 2>/dev/null; do
    [ "$(since | grep -cE "$1")" -lt "${2:-1}" ] || return 0
    sleep 0.3
  done
  say "FAILED: waited in vain for $1; the last line: $(tail -n 1 "$run.jsonl" | cut -c 1-300)"
}
both_live='"camera":"live","microphone":"live"'
camera_is() { until_seen "\"camera\":\"($1)\""; }
microphone_is() { until_seen "\"microphone\":\"($1)\""; }
end() {
  mark end
  local from=${EPOCHREALTIME/./} code watchdog
  kill -TERM "$program" 2>/dev/null
  (sleep 20; kill -KILL "$program") & watchdog=$!
  wait "$program"
  code=$?
  echo "$code $(((${EPOCHREALTIME/./} - from) / 1000))" > "$run.end"
  kill "$watchdog"
  say "  ended with $code; $(tail -n 1 "$run.err" | cut -c 1-200)"
  cp "$run".* "$out/"
}

play() { # play DEVICE: a sweep, again and again, also after the device was away, until silence.
  touch /run/playing
  while [ -e /run/playing ]; do
    aplay -q -D "$1" "$guest/sweep.wav" 2>/dev/null
    sleep 0.3
  done &
  player=$!
}
silence() {
  rm -f /run/playing
  busybox killall -q aplay
  wait "$player"
}

both() {
  begin
  until_seen "$both_live" 5
  end
}

nokhwa() {
  begin --camera-driver nokhwa
  until_seen "$both_live" 5
  mark stuck
  control percentage_of_dropped_buffers=100
  camera_is stalled
  end
  control percentage_of_dropped_buffers=0
}

stall() {
  begin
  until_seen "$both_live" 2
  mark stuck
  control percentage_of_dropped_buffers=100
  camera_is stalled
  until_seen . 5
  mark free
  control percentage_of_dropped_buffers=0
  camera_is live
  mark stuck_again
  control percentage_of_dropped_buffers=100
  camera_is stalled
  end
  control percentage_of_dropped_buffers=0
}

busy() {
  timeout 60 v4l2-ctl -d "$camera" --stream-mmap > /dev/null 2>&1 &
  local other=$!
  sleep 2
  begin
  camera_is 'busy|failed'
  mark free
  kill "$other"
  camera_is live
  end
}

# The driver answers "no such device" from one moment to the next, as for a pulled cable. It takes the device
# back as soon as nobody has it open: descriptor 9 delays that.
camera_disconnected() {
  begin
  camera_is live
  mark disconnected
  exec 9< "$camera"
  control disconnect=1
  camera_is 'gone|missing|failed'
  until_seen . 3
  mark connected
  exec 9<&-
  camera_is live
  end
}

# The device goes altogether, its file too, while the program uses it.
camera_removed() {
  local driver=/sys/bus/platform/drivers/vivid
  begin
  camera_is live
  mark removed
  echo vivid.0 > $driver/unbind
  camera_is gone
  until_seen . 3
  mark added
  echo vivid.0 > $driver/bind
  camera_is live
  end
}

# The sound card goes altogether and comes back. Its removal lasts until everybody has closed it.
microphone_removed() {
  local driver=/sys/bus/platform/drivers/snd_aloop removal
  begin
  until_seen "$both_live" 3
  mark removed
  echo snd_aloop.0 > $driver/unbind &
  removal=$!
  microphone_is 'gone|missing|failed'
  until_seen . 5
  wait $removal
  mark added
  echo snd_aloop.0 > $driver/bind
  until_seen "$both_live" 5
  end
}

# Flashes and beeps from one clip. The loopback camera keeps its format also while nobody writes.
calibrate() {
  local camera=/dev/video5 clip
  silence
  load v4l2loopback video_nr=5 exclusive_caps=0 card_label=Flashes
  timeout 10 v4l2-ctl -d $camera --set-fmt-video-out=width=320,height=240,pixelformat=YUYV \
    --set-output-parm=15 -c keep_format=1 > /dev/null
  ffmpeg -v error -re -i "$guest/clip.nut" -map 0:v -c:v copy -f v4l2 $camera -map 0:a -f alsa hw:Loopback,0,0 &
  clip=$!
  for _ in {1..80}; do
    grep -qs RUNNING /proc/asound/Loopback/pcm0p/sub0/status && break
    sleep 0.25
  done
  timeout 40 "$PROGRAM" calibrate --camera $camera --microphone "$microphone" --seconds 12 --json \
    > /run/calibrate.jsonl 2> /run/calibrate.err
  say "  ended with $?; $(tail -n 1 /run/calibrate.err) $(tail -n 1 /run/calibrate.jsonl | cut -c 1-200)"
  cp /run/calibrate.* "$out/"
  kill $clip
}

say "up, Linux $(uname -r)"
load vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0
load snd-aloop
play hw:Loopback,0,0
timeout 30 "$PROGRAM" devices --json > "$out/devices.json" || say "FAILED: lookhear devices"
for scenario in ${SCENARIOS//,/ }; do
  say "$scenario"
  run=/run/$scenario
  $scenario
done
dmesg > "$out/dmesg"
say "all done"
echo "all scenarios ran"
sync
echo o > /proc/sysrq-trigger
while :; do :; done # The first program must not end before the power is off.
