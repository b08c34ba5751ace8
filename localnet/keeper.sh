#!/bin/sh
# Ends process groups when whoever started them dies. Reads lines from its standard input: "+ID" to watch a group, "-ID" to forget
# it. At the end of the input, which the kernel brings about however the other side ends, the watched groups are terminated, and
# killed five seconds later.
trap '' INT TERM HUP
groups=' '
while read -r line; do
  id=${line#?}
  case $line in
    +*) groups="$groups$id " ;;
    -*)
      kept=' '
      for group in $groups; do [ "$group" = "$id" ] || kept="$kept$group "; done
      groups=$kept
      ;;
  esac
done
for group in $groups; do kill -TERM "-$group"; done
tenths=0
while [ $tenths -lt 50 ]; do
  left=''
  for group in $groups; do kill -0 "-$group" && left=1; done
  [ -z "$left" ] && exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
for group in $groups; do kill -KILL "-$group"; done
