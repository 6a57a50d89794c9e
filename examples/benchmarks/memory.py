#!/usr/bin/env python3
"""Looks whether a process that goes on and on grows, in its memory and in its open files.

Usage: vernal postgres -- examples/benchmarks/memory.py FIRST_ROW [CALLS]: the program first-row of this package, and how many warm
queries it makes (1,000,000). It fails when the last of them have taken memory that the first ones had no need of.
"""
import os
import subprocess
import sys

# What an allocator may need more of by chance: a third of a byte for each of a million calls.
ALLOWED_KIB = 320


def footprint(program, calls):
    """Resident memory in KiB and the number of open files, once so many calls are made."""
    with subprocess.Popen([program, str(calls)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said = process.stdout.read(2)
        if said != b"1.":
            sys.exit(f"it said {said!r}: is DATABASE_URL right?")
        with open(f"/proc/{process.pid}/status") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        files = len(os.listdir(f"/proc/{process.pid}/fd"))
        process.stdin.close()
    return resident, files


program, most = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
few = most // 30
resident, files = footprint(program, few)
print(f"{resident} KiB and {files} files after {few} calls")
resident_later, files_later = footprint(program, most)
print(f"{resident_later} KiB and {files_later} files after {most} calls")
if resident_later - resident > ALLOWED_KIB or files_later > files:
    sys.exit("it grows")
