"""The .pkl file that ``tools/test.py --dump`` writes, read like a checkpoint: nothing of it is run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..utils.files import open_regular
from .allowed_calls import MemoryBudget
from .pickle_records import Damaged, ForbiddenContent, PickleStream, Refused, read_pickle
from .reading import MAX_COPIES, SPARE_MEMORY
from .record_values import build_values
from .storages import StorageReader

USE_JSON = 'write COCO results instead, with --cfg-options test_evaluator.outfile_prefix=predictions'


def load_predictions(path: str | Path) -> list[dict[str, Any]]:
    """Read the samples of a dump: dicts, lists, numbers and numpy arrays.

    Raises:
        ValueError: it is missing, cut off, too large to be read this way, or asks for anything but plain data.
    """
    try:
        with open_regular(Path(path)) as file, ThreadPoolExecutor(1) as checker:
            root, _ = read_pickle(PickleStream(file))
            memory = MemoryBudget(SPARE_MEMORY + MAX_COPIES * Path(path).stat().st_size)
            samples = build_values(root, StorageReader(file, {}, 'cpu', checker), memory)
    except OSError as error:
        raise ValueError(f'{path} cannot be read ({error.strerror}): look at its path.') from None
    except ForbiddenContent as error:
        raise ValueError(f'{path} was not opened: it asks for {error}, which could run code; {USE_JSON}.') from None
    except Damaged as error:
        raise ValueError(f'{path} is cut off or damaged ({error}): {USE_JSON}.') from None
    except Refused as error:
        raise ValueError(f'{path} was not read: {error}; {USE_JSON}.') from None
    if not isinstance(samples, list) or not samples or not all(isinstance(one, dict) for one in samples):
        raise ValueError(f'{path} holds no list of predictions: give what tools/test.py --dump wrote.')
    return samples
