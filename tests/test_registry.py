"""Every kind of registry resolves our names and MMPose's from every default scope, without custom_imports."""

from __future__ import annotations

from collections.abc import Iterator

import mmdet.registry
import mmengine.registry as root
import mmpose.registry
import pytest
from mmengine.registry import DefaultScope

from vitpose_mm.registry import LOCATIONS, NODES, SCOPE

SCOPES = ('mmpose', 'vitpose_mm', 'mmdet', 'mmengine')
# A name of mmpose in the kinds that mmpose registers something in.
HOST_NAMES = {
    'DATASETS': 'CocoDataset',
    'HOOKS': 'PoseVisualizationHook',
    'KEYPOINT_CODECS': 'UDPHeatmap',
    'METRICS': 'CocoMetric',
    'MODELS': 'HeatmapHead',
    'OPTIM_WRAPPER_CONSTRUCTORS': 'LayerDecayOptimWrapperConstructor',
    'TRANSFORMS': 'TopdownAffine',
    'VISUALIZERS': 'PoseLocalVisualizer',
    'INFERENCERS': 'Pose2DInferencer',
    'DATA_SAMPLERS': 'MultiSourceSampler',
    'EVALUATORS': 'MultiDatasetEvaluator',
}


class Probe:
    """A class that every registry takes: hooks, runners and evaluators are built in ways of their own."""


@pytest.fixture
def probes() -> Iterator[None]:
    """One class of ours in every node."""
    for node in NODES.values():
        node.register_module(name='Probe', module=Probe)
    yield
    for node in NODES.values():
        del node._module_dict['Probe']


@pytest.fixture(params=SCOPES)
def scope(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each default scope that our configs may find themselves in."""
    with DefaultScope.overwrite_default_scope(request.param):
        yield request.param


def test_every_kind_of_mmpose_has_a_node() -> None:
    assert len(NODES) == 23
    assert {node.scope for node in NODES.values()} == {SCOPE}
    assert {'KEYPOINT_CODECS', 'BATCH_AUGMENTS', 'MODELS', 'RUNNERS'} <= set(NODES)
    assert set(LOCATIONS) <= set(NODES)


@pytest.mark.parametrize('kind', sorted(NODES))
def test_our_name_is_found_from_every_scope(kind: str, scope: str, probes: None) -> None:
    host = getattr(mmpose.registry, kind)
    lookers = [NODES[kind], host, host.root]
    if scope == 'mmdet' and NODES[kind].root is not host:  # mmdet has no codecs and no batch augments
        lookers.append(host.root._search_child('mmdet') or host)
    for registry in lookers:
        with registry.switch_scope_and_registry(None) as current:
            assert current.get('vitpose_mm.Probe') is Probe


@pytest.mark.parametrize('kind', ['MODELS', 'DATASETS', 'TRANSFORMS', 'KEYPOINT_CODECS', 'METRICS', 'VISUALIZERS'])
def test_our_class_is_built_from_every_scope(kind: str, scope: str, probes: None) -> None:
    for registry in (NODES[kind], getattr(mmpose.registry, kind)):
        assert type(registry.build(dict(type='vitpose_mm.Probe'))) is Probe


@pytest.mark.parametrize('kind', sorted(HOST_NAMES))
def test_bare_host_names_are_found_from_our_scope(kind: str) -> None:
    """`_base_ = 'vitpose_mm::...'` puts _scope_='vitpose_mm' on every dict, MMPose's types too."""
    name = HOST_NAMES[kind]
    parent = getattr(mmpose.registry, kind)
    host = parent.get(name)
    assert host is not None and host.__module__.startswith('mmpose.')
    with parent.switch_scope_and_registry(SCOPE) as registry:
        assert registry is NODES[kind]
        assert registry.get(name) is host


def test_names_of_mmengine_are_found_from_our_scope() -> None:
    with DefaultScope.overwrite_default_scope(SCOPE):
        assert NODES['HOOKS'].get('CheckpointHook').__module__ == 'mmengine.hooks.checkpoint_hook'
        assert NODES['RUNNERS'].get('FlexibleRunner').__module__.startswith('mmengine.runner')
        assert NODES['MODELS'].get('mmdet.RTMDet').__module__.startswith('mmdet.')


def test_from_mmdets_registry() -> None:
    """A detector config may hold a part of ours: mmdet's nodes reach us through mmengine's root."""
    assert mmdet.registry.MODELS.get('vitpose_mm.ViT') is NODES['MODELS'].get('ViT')
    assert root.MODELS.get('vitpose_mm.ViT').__module__ == 'vitpose_mm.models.backbones.vit'


def test_our_classes_are_in_no_node_of_the_host() -> None:
    for kind, node in NODES.items():
        node.import_from_location()
        host = getattr(mmpose.registry, kind)
        ours = [name for name, item in host._module_dict.items() if item.__module__.startswith('vitpose_mm')]
        assert ours == []
        assert set(node._module_dict).isdisjoint(host._module_dict), f'{kind}: a bare name would have two meanings'


def test_each_node_hangs_below_the_host_and_is_known_to_the_root() -> None:
    for kind, node in NODES.items():
        assert node.parent is getattr(mmpose.registry, kind)
        assert node.root.children[SCOPE] is node
        assert node.name == node.parent.name
    rootless = {kind for kind, node in NODES.items() if node.root is node.parent}
    assert rootless == {'KEYPOINT_CODECS', 'BATCH_AUGMENTS'}
