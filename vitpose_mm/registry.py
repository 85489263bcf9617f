"""Our node under every registry of mmpose, and the one place with import-time registration.

mmengine imports this module whenever a config names the scope ``vitpose_mm``. Each node is made a
child of mmengine's root, so that every scope finds it, and then hung below mmpose's node, so that
bare names of mmpose resolve from our scope too. One parent alone does only one of the two.

Checkpoints and data files are made safe to load here as well: every use of a class of ours imports this module first.
"""

from __future__ import annotations

from mmengine.fileio import register_backend
from mmengine.registry import Registry
from mmpose import registry as mmpose_registry

from .checkpoints.atomic_backend import NAME, AtomicLocalBackend
from .checkpoints.safe_loader import install_safe_loader
from .utils.data_files import install_data_handlers

SCOPE = 'vitpose_mm'

# Registry of mmpose: the package of ours that holds classes of that kind.
LOCATIONS = {
    'DATASETS': 'vitpose_mm.datasets',
    'DATA_SAMPLERS': 'vitpose_mm.datasets',
    'HOOKS': 'vitpose_mm.engine',
    'KEYPOINT_CODECS': 'vitpose_mm.codecs',
    'METRICS': 'vitpose_mm.evaluation',
    'MODELS': 'vitpose_mm.models',
    'OPTIM_WRAPPERS': 'vitpose_mm.engine',
    'OPTIM_WRAPPER_CONSTRUCTORS': 'vitpose_mm.engine',
    'PARAM_SCHEDULERS': 'vitpose_mm.engine',
    'TRANSFORMS': 'vitpose_mm.datasets',
}


def make_node(name: str, theirs: Registry) -> Registry:
    """Make our node of one of mmpose's registries, found from every scope and falling back to mmpose's.

    KEYPOINT_CODECS and BATCH_AUGMENTS are roots in mmpose; there mmpose's node is both parents.
    """
    ours = [LOCATIONS[name]] if name in LOCATIONS else []
    node = Registry(theirs.name, parent=theirs.root, scope=SCOPE, locations=[*theirs._locations, *ours])
    node.parent = theirs
    return node


# mmpose.registry also holds the mmengine nodes that it builds on; those have another scope.
NODES = {
    name: make_node(name, node)
    for name, node in vars(mmpose_registry).items()
    if isinstance(node, Registry) and node.scope == 'mmpose'
}

DATASETS = NODES['DATASETS']
DATA_SAMPLERS = NODES['DATA_SAMPLERS']
HOOKS = NODES['HOOKS']
KEYPOINT_CODECS = NODES['KEYPOINT_CODECS']
METRICS = NODES['METRICS']
MODELS = NODES['MODELS']
OPTIM_WRAPPERS = NODES['OPTIM_WRAPPERS']
OPTIM_WRAPPER_CONSTRUCTORS = NODES['OPTIM_WRAPPER_CONSTRUCTORS']
PARAM_SCHEDULERS = NODES['PARAM_SCHEDULERS']
RUNNERS = NODES['RUNNERS']
TRANSFORMS = NODES['TRANSFORMS']

install_safe_loader()
install_data_handlers()
register_backend(NAME, AtomicLocalBackend)
