"""Names and words that a reader of ViTDet or MMPose would have to learn: they are replaced, and do not come back.

The glossary of CONTRIBUTING.md says which word to use instead.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

# pattern of a word that was used once -> what to say instead
REPLACED = {
    r'adopt(s|ed|ing)?': 'convert_on_load',
    r'judg(e|es|ed|ing)(_\w+)?': 'check',
    r'nothing_of': 'zero_loss',
    r'held_token|token_parameter': 'backbone.tokens',
    r'held_out_losses': 'validation_losses',
    r'(check_)?first_weights': 'pretrained_warnings',
    r'refuse_another': 'check_work_dir',
    r'check_pair': 'check_compatibility',
    r'(differing|check)_colours': 'check_preprocessors',
    r'one_sentence': 'exit_on_user_error',
    r'hush\w*': 'silence_known_warnings',
    r'contenders?|rivals?': 'benchmark_models, baseline',
    r'count_shares|name_sizes': 'count_samples, subset_sizes',
    r'\w*_unreadable|Unreadable': 'CorruptImage',
    r'keymaps': 'key_tables',
    r'Places': 'QuickstartPaths, DistillationPaths',
    r'hooks_(drawing|images|pictures|progress|resume)': 'engine/hooks',
    r'crumbs?': 'small files, small functions',
    r'mend(s|ed|ing)?': 'fix',
    r"[Tt]he host('s)?": 'MMPose, MMEngine',
    r'places': 'indices, tokens, positions, paths',
    r'position rows|order of rows|longer (queries and )?keys': 'tokens',
    r'sort of': 'kind of',
    r'held': 'kept, held-out',
    r'-> nothing': 'Check that ...',
    r'goe?s? on (at|behind|where|with)': 'continues with',
    r'(begin|begins|began|begun|start|starts|made|make) anew': 'again, from the beginning',
    r'behind (it|them|its (end|header)|frozen embeddings|the (options|marker|dot))': 'after',
    r'surest': 'most confident',
    r'a?n? ?(keypoints|numbers|crops|frames) a (person|second|line|frame)|(one|path|dict|line) a (line|person)': 'per',
    r'(?<!in )so many (frames|epochs|seconds|samples|people|bytes)': 'N frames, a number of frames',
    r'\w+_A_[A-Z]\w*': 'MAX_..._PER_...',
    r'half_window': 'shift_size',
    r'unmirror|for_numpy': 'flip_back_heatmaps, upcast_bfloat16',
    r'NotPlain|record_kinds': 'ForbiddenContent, allowed_calls',
    r'(?<!there )(?<!There )(is|are|was|were) (of )?no(?! (longer|more))': 'is not a, is not a valid',
}
FOLDERS = ('vitpose_mm', 'tools', 'configs', 'tests', 'docs', 'requirements', '.ci')
FILES = ('README.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md', 'Makefile', 'pyproject.toml', 'setup.py')
SUFFIXES = ('.py', '.md', '.yml', '.toml', '.txt', '')


@lru_cache(maxsize=1)
def texts(root: Path) -> dict[Path, str]:
    """Return all files of a checkout that people read and their text, but for this one."""
    found = [path for folder in FOLDERS for path in sorted((root / folder).rglob('*')) if path.suffix in SUFFIXES]
    kept = [path for path in found if '.mim' not in path.parts and path != Path(__file__).resolve()]
    return {path: path.read_text() for path in [*kept, *(root / name for name in FILES)] if path.is_file()}


def find_words(text: str, pattern: str) -> list[str]:
    """Return the lines of a text in which a pattern is found as a whole word."""
    found = re.compile(rf'(?<![\w-])({pattern})(?![\w-])')
    return [line.strip() for line in text.splitlines() if found.search(line)]


@pytest.mark.parametrize('pattern', REPLACED)
def test_a_replaced_word_is_nowhere(pattern: str, root: Path) -> None:
    found = {
        str(path.relative_to(root)): lines for path, text in texts(root).items() if (lines := find_words(text, pattern))
    }
    assert not found, f'say {REPLACED[pattern]} instead'


def test_the_search_finds_words_and_not_parts_of_words(root: Path) -> None:
    assert find_words('x = judge(y)\nprejudged', r'judg(e|es|ed|ing)(_\w+)?') == ['x = judge(y)']
    assert {'vit.py', 'README.md', 'run', 'install.py'} <= {path.name for path in texts(root)}


@pytest.mark.parametrize('folder', ['vitpose_mm', 'tools', 'tests', 'requirements', 'docs'])
def test_docstrings_begin_with_a_sentence(folder: str, root: Path) -> None:
    """A sentence says what a function does; an arrow (`config -> model.`) leaves the verb to the reader."""
    found = {
        str(path.relative_to(root)): lines
        for path, text in texts(root).items()
        if path.suffix == '.py' and path.is_relative_to(root / folder) and (lines := find_arrows(text))
    }
    assert not found, 'say in a sentence what it does'


def find_arrows(source: str) -> list[str]:
    """Return the first lines of docstrings with an arrow that is not between numbers of channels."""
    nodes = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    first = [(ast.get_docstring(node) or '').partition('\n')[0] for node in nodes]
    return [line for line in first if '->' in re.sub(r'\w+ -> \w+\)', '', line)]


def test_the_search_finds_arrows() -> None:
    source = '"""Config -> model."""\ndef f():\n    """Read a config."""\nclass A:\n    """A conv 3x3 (C -> 4C)."""'
    assert find_arrows(source) == ['Config -> model.']
