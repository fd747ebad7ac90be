#!/usr/bin/env python3
"""Types answers at a pseudo-terminal, as somebody does: waits for each question, then writes its answer.

    type_answers.py '[["words of a question", "answer"], …]' PROGRAM ARGUMENTS…

Prints all that the terminal showed, and ends with the program's exit code; 99 when a question never came.
"""
import json
import os
import pty
import select
import sys
import time

PATIENCE = 60


def read_more(terminal, until):
    """What the terminal shows next; nothing at its end."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
    if not ready:
        return None
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def main():
    dialogue, command = json.loads(sys.argv[1]), sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], command)
    seen, done = b"", 0
    for question, answer in dialogue:
        until = time.monotonic() + PATIENCE
        while (at := seen.find(question.encode(), done)) < 0:
            more = read_more(terminal, until)
            if not more:
                sys.stdout.buffer.write(seen)
                print(f"\nnever asked: {question}")
                os.kill(child, 9)
                sys.exit(99)
            seen += more
        done = at + len(question)
        os.write(terminal, answer.encode() + b"\n")
    until = time.monotonic() + PATIENCE
    while more := read_more(terminal, until):
        seen += more
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(seen)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(status))


main()
