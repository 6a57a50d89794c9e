#!/usr/bin/env python3
"""Writes the assembly of a function that does nothing, in as much code as the engine takes for a warm query.

The code lies as compiled code does: in pieces of a few cache lines, over many pages, with a branch every few instructions
and now and then a look at memory. Each instruction is run once in a call. For x86-64 and the GNU assembler.
"""
import argparse
import random

LINE, PAGE = 64, 4096
REGISTERS = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"]

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--lines", type=int, default=430, help="of 64 bytes and 15 instructions")
parser.add_argument("--pieces", type=int, default=115, help="that many of which are not one behind the other")
parser.add_argument("--pages", type=int, default=58, help="over which they are spread")
parser.add_argument("--data", type=int, default=100, help="cache lines that are read")
options = parser.parse_args()

order = list(range(options.pieces))
random.Random(1).shuffle(order)
following = dict(zip(order, order[1:]))
reads = 0

print(f".text\n.balign {PAGE}")
for page in range(options.pages):
    print(f".balign {PAGE}")
    here = range(page, options.pieces, options.pages)
    for piece in here:
        lines = options.lines // options.pieces + (piece < options.lines % options.pieces)
        print(f".balign {LINE}\npiece_{piece}:")
        # Four bytes each, but for the branches; the last jump has up to five.
        for group in range((lines * LINE // 4 - 2) // 7):
            for index in range(5):
                print(f"add $1, %{REGISTERS[(group + index) % len(REGISTERS)]}")
            if group % 3 == 0 and options.data:
                print(f"mov {reads % options.data * LINE}(%rbx), %eax")
                reads += 1
            # Every second branch is taken.
            print("test %r12, %r12")
            print(f"{'je' if group % 2 else 'jne'} piece_{piece}_{group}")
            print(f"piece_{piece}_{group}:")
        print(f"jmp piece_{following[piece]}" if piece in following else "ret")
        print(f".balign {LINE}\n.skip {(PAGE // len(here) - lines * LINE) // LINE * LINE - LINE}")
print(f""".globl code
.type code, @function
code:
push %rbx
push %r12
lea data(%rip), %rbx
xor %r12, %r12
call piece_{order[0]}
pop %r12
pop %rbx
ret
.bss
.balign {LINE}
data: .skip {max(1, options.data) * LINE}
.section .note.GNU-stack,"",@progbits""")
