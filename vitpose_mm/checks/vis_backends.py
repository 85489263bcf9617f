"""Check that the packages of a config's visualization backends are installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

# type of a backend of MMEngine: modules that it imports, one of which is enough, and what to install
NEEDED: dict[str, tuple[tuple[str, ...], str]] = {
    'TensorboardVisBackend': (('torch.utils.tensorboard', 'tensorboardX'), 'tensorboard'),
    'WandbVisBackend': (('wandb',), 'wandb'),
    'MLflowVisBackend': (('mlflow',), 'mlflow'),
    'ClearMLVisBackend': (('clearml',), 'clearml'),
    'NeptuneVisBackend': (('neptune',), 'neptune'),
    'DVCLiveVisBackend': (('dvclive',), 'dvclive'),
    'AimVisBackend': (('aim',), 'aim'),
}


def check_vis_backends(visualizer: Mapping | None) -> None:
    """Check that the package of every visualization backend can be imported; only backends of MMEngine are checked.

    Args:
        visualizer: its config; None where there is none.

    Raises:
        ValueError: a package is missing; the sentence names it and the backend.
    """
    for backend in (visualizer or {}).get('vis_backends') or ():
        kind = str(backend.get('type', '')).rpartition('.')[2]
        modules, package = NEEDED.get(kind, ((), ''))
        if modules and not any(_imports(module) for module in modules):
            raise ValueError(
                f'visualizer.vis_backends has {kind}, whose package is not installed: `pip install {package}`, or '
                'take the backend out.'
            )


def _imports(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
