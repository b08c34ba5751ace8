#!/bin/sh
# The daemons of a one-machine Slurm cluster, from a folder that holds slurm.conf and munge.key; as root. Ends them, their jobs and the folder when it is told to
# (SIGTERM, SIGINT) or when one of the daemons ends.
folder=$1
node=$2
cd "$folder" && [ -f slurm.conf ] || exit 1
export SLURM_CONF="$folder/slurm.conf"

munged --foreground --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" --seed-file="$folder/munge.seed" --log-file="$folder/log/munged.log" &
munged=$!
tenths=0
while [ $tenths -lt 50 ] && [ ! -S munge.socket ] && kill -0 $munged; do sleep 0.1; tenths=$((tenths + 1)); done
slurmctld -D -f "$SLURM_CONF" &
slurmctld=$!
# Jobs leave the daemon's process group; in a process namespace of its own they end with it, however that ends.
unshare --pid --fork --kill-child=KILL --mount-proc -- slurmd -D -f "$SLURM_CONF" -N "$node" &
slurmd=$!

finish() {
  trap '' TERM INT HUP
  kill -KILL $slurmd 2>/dev/null
  kill -TERM $slurmctld $munged 2>/dev/null
  tenths=0
  while [ $tenths -lt 30 ] && kill -0 $slurmctld 2>/dev/null; do sleep 0.1; tenths=$((tenths + 1)); done
  kill -KILL $slurmctld $munged 2>/dev/null
  wait
  cd / && rm -rf "$folder" "$folder.log"
  exit "$1"
}
trap 'finish 0' TERM INT HUP
while kill -0 $munged 2>/dev/null && kill -0 $slurmctld 2>/dev/null && kill -0 $slurmd 2>/dev/null; do sleep 0.2; done
# What they said is the reason: it must outlive the folder.
tail -n 5 log/*.log >&2
finish 1
