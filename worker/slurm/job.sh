#!/bin/sh
# The same for every job: the runtime, the runner and the folder of the task come as arguments.
exec "$1" "$2" "$3"
