#!/bin/sh
# Runs one training, and writes down that it runs and how it ended, for whoever watches it: a `train` that is started
# anew goes on watching it by these files.
#   run.sh FOLDER NICE MEMORY PROGRAM [ARGUMENT…]    MEMORY in KiB of address space, 0 for no limit
set -u
folder=$1 nice=$2 memory=$3
shift 3
cd "$folder" || exit 125

# Of several that are started for one run, one does it.
mkdir started 2>/dev/null || exit 0
cat /proc/sys/kernel/random/boot_id "/proc/$$/stat" >process.new && mv process.new process || exit 125

# A signal to the group ends the program; this script lives on to say how it ended.
trap : HUP INT TERM
# When the machine runs out of memory, the program goes first. If this cannot be set, the kernel merely chooses less well.
{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null
if [ "$memory" -gt 0 ]; then
  ulimit -v "$memory"
fi

# Keeps the last lines of standard input in two files: what is said in days must not fill the disk.
keep() {
  trap '' HUP INT TERM
  lines=0
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line" >>"$1"
    lines=$((lines + 1))
    if [ "$lines" -ge 1000 ]; then
      mv "$1" "$1.before"
      lines=0
    fi
  done
}

rm -f out.pipe err.pipe
mkfifo out.pipe err.pipe || exit 125
keep out.log <out.pipe &
keep err.log <err.pipe &
nice -n "$nice" "$@" </dev/null >out.pipe 2>err.pipe
code=$?
# Whatever it left behind would keep the pipes open. The last lines are written before the end is.
kill -TERM 0
wait
wait
echo "$code" >exit.new && mv exit.new exit
