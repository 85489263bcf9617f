"""Fill the registries by hand, for callers that do not go through a config's scope."""

from __future__ import annotations

from importlib import import_module

SCOPE_OF_CONFIGS = 'mmpose'


def register_all_modules(init_default_scope: bool = True) -> None:
    """Put every class of mmpose and of this package into its registry.

    ``mmengine.hub.get_model('vitpose_mm::...')`` calls this.

    Args:
        init_default_scope: make the scope that our configs are written in (mmpose, where bare names
            are mmpose's and ours are ``vitpose_mm.X``) the default one.
    """
    from mmengine.registry import init_default_scope as set_default_scope

    nodes = import_module('vitpose_mm.registry').NODES.values()
    for location in sorted({location for node in nodes for location in node._locations}):
        import_module(location)  # not node.import_from_location(): for a node without locations that calls us
    if init_default_scope:
        set_default_scope(SCOPE_OF_CONFIGS)
