"""The paper's ablations at small scale on rendered people: decoders, attention, frozen parts, size, scale, MAE."""

from __future__ import annotations

from dataclasses import replace

from .study import Preparation, Run, Study, Table

SIZE = ('--size', '256', '192')
DATA, OTHER = 'data/rendered', 'data/rendered_other'
PEOPLE = Preparation(DATA, ('make_synthetic.py', DATA, '--images', '3700', '--val', '250', *SIZE))
OTHERS = Preparation(OTHER, ('make_synthetic.py', OTHER, '--images', '3700', '--val', '0', '--seed', '7', *SIZE))

# One process a run: a worker that loads data would take half a core from the run beside it.
ONE_PROCESS = ('train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False')
# About 5,900 people once: 370 steps of 16. They are scored by the test alone.
TRAINED = (
    f'train_dataloader.dataset.datasets.0.data_root={DATA}/',
    *ONE_PROCESS,
    *('train_cfg.max_epochs=1', 'param_scheduler.1.T_max=1'),
    *('val_cfg=None', 'val_dataloader=None', 'val_evaluator=None'),
)
TESTED = (
    f'test_dataloader.dataset.data_root={DATA}/',
    f'test_evaluator.ann_file={DATA}/annotations/person_keypoints_val.json',
    *('test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False'),
)
MINI = 'quickstart/vitpose_mini_classic_synthetic-128x96.py'
SEEDS = (0, 1, 2)


FOUR_EPOCHS = ('train_cfg.max_epochs=4', 'param_scheduler.1.T_max=4')


def trained(name: str, config: str, *options: str) -> Run:
    """One epoch over the rendered people where the options do not say more, then the test."""
    return Run(name, config, (*TRAINED, *options), test_options=(*TESTED, *options))


CLASSIC = trained('vit_classic', MINI)
DECODERS = Study(
    name='decoders',
    about='a ViT and a ResNet-18, each with the classic and the simple decoder',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(
        CLASSIC,
        trained('vit_simple', 'rendered/vitpose_mini_simple_synthetic-128x96.py'),
        trained('resnet_classic', 'rendered/resnet-18_classic_synthetic-128x96.py'),
        trained('resnet_simple', 'rendered/resnet-18_simple_synthetic-128x96.py'),
        trained('vit_classic_4_epochs', MINI, *FOUR_EPOCHS),
        trained('vit_simple_4_epochs', 'rendered/vitpose_mini_simple_synthetic-128x96.py', *FOUR_EPOCHS),
    ),
    table=Table(
        reference='vit_classic',
        paper={
            'vit_classic': '75.8 (ViT-B)',
            'vit_simple': '75.5 (-0.3)',
            'resnet_classic': '71.8 (ResNet-50)',
            'resnet_simple': '53.1 (-18.7)',
        },
    ),
)
REFERENCE = replace(CLASSIC, home=DECODERS.name)


def width(number: int, heads: int) -> Run:
    """The mini model at another width, its heads 32 wide."""
    options = (f'embed_dims={number}', f'num_heads={heads}')
    arch = (f'model.backbone.arch.{option}' for option in options)
    return trained(f'width_{number}', MINI, *arch, f'model.head.in_channels={number}')


SCALE = Study(
    name='scale',
    about='three widths of the same ViT of 6 layers',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(REFERENCE, width(96, 3), width(384, 12)),
    table=Table(
        reference='vit_classic',
        names={'vit_classic': 'width_192'},
        paper={'width_96': '73.8 (S)', 'vit_classic': '75.8 (B)', 'width_384': '78.3 (L)'},
    ),
)

STRIDE8 = 'rendered/vitpose_mini_stride8-full_synthetic-128x96.py'
WINDOWS = ('model.backbone.attention=window', 'model.backbone.rel_pos=none')


def attention(name: str, kinds: str, *options: str) -> Run:
    """The mini model at 1/8 features with these kinds of attention, block by block."""
    return trained(name, STRIDE8, f'model.backbone.attention={kinds}', *options)


ATTENTION = Study(
    name='attention',
    about='full attention and windows of 4x3 or 8x6 on 16x12 tokens; full attention tested in windows of 4x3',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(
        attention('full', 'full'),
        attention('window', 'window'),
        attention('shift_pool', '[pool,shift+pool]'),
        attention('shift', '[window,shift]'),
        attention('pool', 'pool'),
        attention('quarters', '[window,window,full]'),
        attention('shift_pool_8x6', '[pool,shift+pool]', 'model.backbone.window_size=[8,6]'),
        Run('full_tested_in_windows', STRIDE8, test_options=(*TESTED, *WINDOWS), evaluates='full'),
    ),
    table=Table(
        has_memory=True,
        not_drawn=('full_tested_in_windows',),
        reference='full',
        paper={
            'full': '77.4',
            'window': '66.4 (-11.0)',
            'shift_pool': '76.8 (-0.6)',
            'shift': '76.4 (-1.0)',
            'pool': '76.4 (-1.0)',
            'quarters': '76.9 (-0.5)',
            'shift_pool_8x6': '77.1 (-0.3)',
        },
    ),
)

MAE = 'pretraining/mae_mini_synthetic-crops-128.py'
FINETUNED = 'pretraining/vitpose_mini-mae_classic_synthetic-128x96.py'
MAE_EPOCHS = 6


def pretrained(name: str, *options: str) -> Run:
    """A masked autoencoder, trained once for all seeds of what starts from it."""
    warmup = 1
    length = (
        f'train_cfg.max_epochs={MAE_EPOCHS}',
        f'param_scheduler.0.end={warmup}',
        f'param_scheduler.1.begin={warmup}',
        f'param_scheduler.1.end={MAE_EPOCHS}',
        f'param_scheduler.1.T_max={MAE_EPOCHS - warmup}',
    )
    root = () if options and 'data_root' in options[0] else (f'train_dataloader.dataset.datasets.0.data_root={DATA}/',)
    return Run(name, MAE, (*root, *ONE_PROCESS, *length, *options), scored=False, once=True, amp=False)


def finetuned(name: str, start: str, *options: str) -> Run:
    """One epoch over the rendered people from the weights of a masked autoencoder."""
    return Run(
        name,
        FINETUNED,
        (*TRAINED, f'model.backbone.init_cfg.checkpoint={{checkpoint:{start}}}', *options),
        test_options=(*TESTED, 'model.backbone.init_cfg=None'),
    )


MAE_CROPS = pretrained('mae_crops')
FULL = finetuned('from_crops', 'mae_crops')
PRETRAINING = Study(
    name='pretraining',
    about=f'random weights, and those of MAE after {MAE_EPOCHS} epochs on crops, whole images, and crops of others',
    prepare=(PEOPLE, OTHERS),
    seeds=SEEDS,
    runs=(
        MAE_CROPS,
        Run(
            'scratch',
            FINETUNED,
            (*TRAINED, 'model.backbone.init_cfg=None'),
            test_options=(*TESTED, 'model.backbone.init_cfg=None'),
        ),
        FULL,
        pretrained('mae_images', 'train_dataloader.dataset.datasets.0.whole_images=True'),
        finetuned('from_images', 'mae_images'),
        pretrained('mae_others', f'train_dataloader.dataset.datasets.0.data_root={OTHER}/'),
        finetuned('from_others', 'mae_others'),
    ),
    table=Table(
        reference='scratch',
        paper={
            'from_crops': '75.8 (COCO and AIC)',
            'from_images': '75.8 (the same, uncropped)',
            'from_others': '75.8 (ImageNet)',
        },
    ),
)
PARTIAL = Study(
    name='partial_finetuning',
    about='a ViT from MAE on the same people, finetuned: all of it, with attention frozen, with FFNs frozen, with both',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(
        replace(MAE_CROPS, home=PRETRAINING.name),
        replace(FULL, home=PRETRAINING.name),
        finetuned('frozen_attention', 'mae_crops', 'model.backbone.frozen_parts=[attention]'),
        finetuned('frozen_ffn', 'mae_crops', 'model.backbone.frozen_parts=[ffn]'),
        finetuned('frozen_both', 'mae_crops', 'model.backbone.frozen_parts=[attention,ffn]'),
    ),
    table=Table(
        reference='from_crops',
        names={'from_crops': 'full'},
        paper={'from_crops': '75.8', 'frozen_attention': '75.1 (-0.7)', 'frozen_ffn': '72.8 (-3.0)'},
    ),
)


def sized(size: str) -> Run:
    """The mini model at another input size."""
    return trained(f'size_{size}', f'rendered/vitpose_mini_classic_synthetic-{size}.py')


def tested_at(size: str) -> Run:
    """The checkpoint of 128x96 scored at another input size."""
    config = f'rendered/vitpose_mini_classic_synthetic-{size}.py'
    return Run(f'128x96_at_{size}', config, test_options=TESTED, evaluates=CLASSIC.name)


RESOLUTION = Study(
    name='resolution',
    about='three sizes of 4:3 and a square, and the checkpoint of 128x96 scored at the others',
    prepare=(PEOPLE,),
    seeds=SEEDS,
    runs=(
        REFERENCE,
        sized('64x48'),
        sized('192x144'),
        sized('128x128'),
        *(tested_at(size) for size in ('64x48', '192x144', '128x128')),
    ),
    table=Table(
        reference='vit_classic',
        names={'vit_classic': 'size_128x96'},
        paper={'vit_classic': '75.8 (256x192)', 'size_192x144': '76.9 (384x288)', 'size_128x128': '75.8 (256x256)'},
    ),
)

STUDIES = (DECODERS, SCALE, PARTIAL, ATTENTION, RESOLUTION, PRETRAINING)
