"""A C++ compiler command that compiles mmcv in a third of the time, by a precompiled header.

mmcv's sources spend most of their compile time in PyTorch's headers, which come in by pytorch_cpp_helper.hpp. This
script runs as the build's $CXX. The first compile command precompiles that header with its own flags, because a
compiler reads a precompiled header only under the flags that it was made with. No command waits for it: each reads it
as soon as it is there, and compiles as usual before that, and where the compiler cannot make it or read it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

HEADER = 'pytorch_cpp_helper.hpp'


def write_compiler(folder: Path) -> Path:
    """Write a command that stands for $CXX (else g++); ``folder`` keeps it and the precompiled header."""
    header = folder / 'precompiled.hpp'
    header.write_text(f'#include "{HEADER}"\n')
    compiler = os.environ.get('CXX', 'g++')
    command = [sys.executable, '-S', str(Path(__file__).resolve()), str(header), compiler]
    script = folder / 'bin' / Path(shlex.split(compiler)[0]).name  # PyTorch tells GCC from Clang by the name
    script.parent.mkdir()  # a folder of its own: a script that replaced the compiler would call itself forever
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return script


def precompile(compiler: list[str], arguments: list[str], header: Path) -> None:
    """Precompile ``header`` with the flags of one compile command, unless an earlier command began to."""
    try:
        header.with_suffix('.begun').touch(exist_ok=False)
    except FileExistsError:
        return
    unfinished = header.with_suffix('.unfinished')
    command = [*compiler]
    for argument, before in zip(arguments, ['', *arguments], strict=False):
        if argument.endswith('.cpp'):
            command += ['-x', 'c++-header', str(header)]
        else:
            command.append(str(unfinished) if before == '-o' else argument)
    if subprocess.run(command, capture_output=True).returncode == 0 and unfinished.exists():
        unfinished.replace(f'{header}.gch')


def main(header: str, cxx: str, *arguments: str) -> int:
    """Run one command of the build; returns the compiler's exit status."""
    compiler = shlex.split(cxx)
    if '-c' in arguments and any(argument.endswith('.cpp') for argument in arguments):
        precompile(compiler, list(arguments), Path(header))
        if Path(f'{header}.gch').exists():
            faster = [*compiler, '-include', header, *arguments]
            if subprocess.run(faster, capture_output=True).returncode == 0:
                return 0
    return subprocess.run([*compiler, *arguments]).returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
