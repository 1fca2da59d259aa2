"""Runs one command alone and prints [exit code, wall s, processor s, peak memory in bytes] as JSON.

python launcher.py PROGRAM ARGUMENTS   The system counts the memory of the process that starts another one as that other
one's, so this one stays small.
"""

import json
import os
import sys
import time

begin_s = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
wall_s = time.perf_counter() - begin_s
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([os.waitstatus_to_exitcode(status), wall_s, usage.ru_utime + usage.ru_stime, peak]))
