"""The compiler command of mmcv's build, with the real compiler on a header of a few lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import precompiled_header
import pytest

HEADER = '#ifndef ONCE\n#define ONCE\nstruct Tensor { int size; };\n#endif\n'
SOURCE = '#include <vector>\n#include "pytorch_cpp_helper.hpp"\nint size(Tensor tensor) { return tensor.size; }\n'


class Build:
    """A folder with sources like mmcv's, and the command that compiles them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.header = folder / 'include' / precompiled_header.HEADER
        self.header.parent.mkdir()
        self.header.write_text(HEADER)
        self.command = precompiled_header.write_compiler(folder)

    @property
    def precompiled(self) -> bool:
        return (self.folder / 'precompiled.hpp.gch').exists()

    def compile(self, name: str, source: str = SOURCE, *flags: str) -> subprocess.CompletedProcess[str]:
        """One command as PyTorch's ninja file has it."""
        path = self.folder / f'{name}.cpp'
        path.write_text(source)
        before = ['-MMD', '-MF', f'{path}.d', '-O1', '-fPIC', f'-I{self.header.parent}', '-c']
        after = ['-c', str(path), '-o', str(path.with_suffix('.o')), '-std=c++17', '-DNAME=_ext', *flags]
        return subprocess.run([str(self.command), *before, *after], capture_output=True, text=True)

    def made(self, name: str) -> bool:
        return (self.folder / f'{name}.o').stat().st_size > 0


def fake_compiler(folder: Path, refused: str) -> str:
    """A compiler that fails when it sees one argument."""
    folder.mkdir()
    script = folder / 'fake++'
    script.write_text(f'#!/bin/sh\ncase " $* " in *" {refused} "*) exit 1;; esac\nexec g++ "$@"\n')
    script.chmod(0o755)
    return str(script)


def test_later_sources_do_not_read_the_header_again(tmp_path: Path) -> None:
    build = Build(tmp_path)
    assert build.compile('first').returncode == 0
    assert build.precompiled and build.made('first')
    build.header.write_text('#ifndef ONCE\n#error read again\n#endif\n')
    assert build.compile('second').returncode == 0
    assert build.made('second')


def test_other_flags_compile_without_it(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.compile('first')
    build.header.write_text('#ifndef ONCE\n#define ONCE\nstruct Tensor { int size, other; };\n#endif\n')
    source = SOURCE.replace('tensor.size', 'tensor.other')  # compiles with the header as it is now
    assert build.compile('second', source, '-fno-exceptions').returncode == 0


@pytest.mark.parametrize(('refused', 'precompiled'), [('c++-header', False), ('-include', True)])
def test_a_compiler_that_refuses_it_compiles_as_usual(
    refused: str, precompiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('CXX', fake_compiler(tmp_path / 'compilers', refused))
    build = Build(tmp_path)
    for name in ('first', 'second'):
        assert build.compile(name).returncode == 0
        assert build.made(name)
    assert build.precompiled == precompiled


def test_no_source_waits_for_it(tmp_path: Path) -> None:
    """Another process has begun to precompile and is not ready."""
    build = Build(tmp_path)
    (tmp_path / 'precompiled.begun').touch()
    assert build.compile('first').returncode == 0
    assert build.made('first') and not build.precompiled


def test_an_error_in_a_source_is_shown(tmp_path: Path) -> None:
    done = Build(tmp_path).compile('first', SOURCE + 'nonsense;\n')
    assert done.returncode != 0
    assert 'nonsense' in done.stderr


def test_other_commands_pass_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch asks for the version, and the extension is linked by the same command."""
    monkeypatch.setenv('CXX', 'g++ -O1')
    build = Build(tmp_path)
    assert build.command.name == 'g++'
    said = [
        subprocess.run([command, '-dumpfullversion', '-dumpversion'], capture_output=True, text=True).stdout
        for command in (str(build.command), 'g++')
    ]
    assert said[0] == said[1] != ''
    build.compile('first')
    library = tmp_path / 'library.so'
    subprocess.run([str(build.command), '-shared', str(tmp_path / 'first.o'), '-o', str(library)], check=True)
    assert library.exists()
