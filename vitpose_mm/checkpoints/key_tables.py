"""The names of every origin, as data: one table each, their name on the left, ours on the right.

``{i}`` is a block or a layer, ``{e}`` an expert, ``{d}`` a dataset. A name stands for its weight, bias and
statistics. Whole models are written here with ``backbone.`` and ``head.``; files that hold a backbone alone
have no prefix. ``qkv:0`` is the first third of a joined projection; ``x.gamma`` scales the outputs of ``x``.
"""

from __future__ import annotations

from dataclasses import dataclass

Table = tuple[tuple[str, str], ...]

_VIT_BLOCK: Table = tuple(
    (f'backbone.blocks.{{i}}.{name}', f'backbone.blocks.{{i}}.{name}')
    for name in ('norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2')
)
_EXPERTS: Table = (('backbone.blocks.{i}.mlp.experts.{e}', 'backbone.blocks.{i}.mlp.experts.{e}'),)
_HEAD: Table = (
    ('head.deconv_layers.{i}', 'head.deconv_layers.{i}'),
    ('head.final_layer', 'head.final_layer'),
)

# ViTPose++: the expert of each dataset, the index of its decoder (keypoint_head, then the associate ones) and
# its number of keypoints, from the authors' multi-dataset config.
DATASETS = {'coco': 17, 'aic': 14, 'mpii': 16, 'ap10k': 17, 'apt36k': 17, 'wholebody': 133}

# Their short name -> ours, which is mmpose's dataset_name, where they differ.
_ROUTED_NAMES = {'wholebody': 'coco_wholebody'}
ROUTED = {_ROUTED_NAMES.get(name, name): count for name, count in DATASETS.items()}
PLAIN = 'coco'  # whose decoder a file of a single decoder holds

VITPOSE_MM: Table = (
    ('backbone.pos_embed', 'backbone.pos_embed'),
    ('backbone.pos_grid', 'backbone.pos_grid'),
    ('backbone.tokens', 'backbone.tokens'),
    ('backbone.patch_embed.proj', 'backbone.patch_embed.proj'),
    *_VIT_BLOCK,
    ('backbone.blocks.{i}.attn.rel_pos.rel_pos_h', 'backbone.blocks.{i}.attn.rel_pos.rel_pos_h'),
    ('backbone.blocks.{i}.attn.rel_pos.rel_pos_w', 'backbone.blocks.{i}.attn.rel_pos.rel_pos_w'),
    ('backbone.blocks.{i}.conv.expand', 'backbone.blocks.{i}.conv.expand'),
    ('backbone.blocks.{i}.conv.norm', 'backbone.blocks.{i}.conv.norm'),
    ('backbone.blocks.{i}.conv.reduce', 'backbone.blocks.{i}.conv.reduce'),
    *_EXPERTS,
    ('backbone.last_norm', 'backbone.last_norm'),
    *_HEAD,
    ('head.heads.{d}.deconv_layers.{i}', 'head.heads.{d}.deconv_layers.{i}'),
    ('head.heads.{d}.final_layer', 'head.heads.{d}.final_layer'),
    *(
        (f'{head}.oks_scorer.{part}', f'{head}.oks_scorer.{part}')
        for head in ('head', 'head.heads.{d}')
        for part in ('norm', 'layers.{i}')
    ),
)

OFFICIAL: Table = (
    ('backbone.pos_embed', 'backbone.pos_embed'),
    ('backbone.patch_embed.proj', 'backbone.patch_embed.proj'),
    *_VIT_BLOCK,
    *_EXPERTS,
    ('backbone.last_norm', 'backbone.last_norm'),
    ('keypoint_head.deconv_layers.{i}', 'head.deconv_layers.{i}'),
    ('keypoint_head.final_layer', 'head.final_layer'),
    *(
        (f'associate_keypoint_heads.{index}.{part}', f'head.heads.{name}.{part}')
        for index, name in enumerate(list(ROUTED)[1:])
        for part in ('deconv_layers.{i}', 'final_layer')
    ),
)

MMPOSE: Table = (
    ('backbone.pos_embed', 'backbone.pos_embed'),
    ('backbone.patch_embed.projection', 'backbone.patch_embed.proj'),
    ('backbone.layers.{i}.ln1', 'backbone.blocks.{i}.norm1'),
    ('backbone.layers.{i}.attn.qkv', 'backbone.blocks.{i}.attn.qkv'),
    ('backbone.layers.{i}.attn.proj', 'backbone.blocks.{i}.attn.proj'),
    ('backbone.layers.{i}.ln2', 'backbone.blocks.{i}.norm2'),
    ('backbone.layers.{i}.ffn.layers.0.0', 'backbone.blocks.{i}.mlp.fc1'),
    ('backbone.layers.{i}.ffn.layers.1', 'backbone.blocks.{i}.mlp.fc2'),
    ('backbone.ln1', 'backbone.last_norm'),
    *_HEAD,
)

HF: Table = (
    ('backbone.embeddings.position_embeddings', 'backbone.pos_embed'),
    ('backbone.embeddings.patch_embeddings.projection', 'backbone.patch_embed.proj'),
    ('backbone.encoder.layer.{i}.layernorm_before', 'backbone.blocks.{i}.norm1'),
    ('backbone.encoder.layer.{i}.attention.attention.query', 'backbone.blocks.{i}.attn.qkv:0'),
    ('backbone.encoder.layer.{i}.attention.attention.key', 'backbone.blocks.{i}.attn.qkv:1'),
    ('backbone.encoder.layer.{i}.attention.attention.value', 'backbone.blocks.{i}.attn.qkv:2'),
    ('backbone.encoder.layer.{i}.attention.output.dense', 'backbone.blocks.{i}.attn.proj'),
    ('backbone.encoder.layer.{i}.layernorm_after', 'backbone.blocks.{i}.norm2'),
    ('backbone.encoder.layer.{i}.mlp.fc1', 'backbone.blocks.{i}.mlp.fc1'),
    ('backbone.encoder.layer.{i}.mlp.fc2', 'backbone.blocks.{i}.mlp.fc2'),
    ('backbone.encoder.layer.{i}.mlp.experts.{e}', 'backbone.blocks.{i}.mlp.experts.{e}'),
    ('backbone.layernorm', 'backbone.last_norm'),
    ('head.deconv1', 'head.deconv_layers.0'),
    ('head.batchnorm1', 'head.deconv_layers.1'),
    ('head.deconv2', 'head.deconv_layers.3'),
    ('head.batchnorm2', 'head.deconv_layers.4'),
    ('head.conv', 'head.final_layer'),
)

MAE: Table = (
    ('backbone.pos_embed', 'backbone.pos_embed'),
    ('backbone.patch_embed.proj', 'backbone.patch_embed.proj'),
    *_VIT_BLOCK,
    ('backbone.norm', 'backbone.last_norm'),
)

TIMM: Table = (
    *MAE,
    ('backbone.patch_embed', 'backbone.patch_embed.proj'),
    ('backbone.blocks.{i}.ls1.gamma', 'backbone.blocks.{i}.attn.proj.gamma'),
    ('backbone.blocks.{i}.ls2.gamma', 'backbone.blocks.{i}.mlp.fc2.gamma'),
    ('backbone.blocks.{i}.gamma_1', 'backbone.blocks.{i}.attn.proj.gamma'),
    ('backbone.blocks.{i}.gamma_2', 'backbone.blocks.{i}.mlp.fc2.gamma'),
)


@dataclass(frozen=True)
class Origin:
    """One family of files.

    Args:
        table: names, theirs and ours.
        dropped: beginnings of names that a pose model does not need.
        num_first_tokens: possible numbers of positions before those of the grid, likeliest first.
        first_token_is_added: the first position is added to all others (MAE's shape), else it is the class token's.
        kernel: how a patch kernel of another size is made: 'pad' with zeros or 'bicubic'.
    """

    table: Table
    dropped: tuple[str, ...] = ()
    num_first_tokens: tuple[int, ...] = (1,)
    first_token_is_added: bool = True
    kernel: str = 'pad'


_CLASS_TOKEN = ('backbone.cls_token', 'backbone.head.', 'backbone.fc_norm.')
ORIGINS = {
    'vitpose_mm': Origin(VITPOSE_MM, ('data_preprocessor.',)),
    'official': Origin(OFFICIAL, ('backbone.cls_token',)),
    'mmpose': Origin(
        MMPOSE, ('backbone.cls_token', 'data_preprocessor.'), num_first_tokens=(0, 1), first_token_is_added=False
    ),
    'mmpretrain': Origin(
        MMPOSE,
        ('backbone.cls_token', 'data_preprocessor.', 'neck.', 'head.'),
        num_first_tokens=(1, 0),
        first_token_is_added=False,
    ),
    'hf': Origin(HF),
    'mae': Origin(MAE, (*_CLASS_TOKEN, 'backbone.mask_token', 'backbone.decoder_')),
    'timm': Origin(
        TIMM,
        (
            *_CLASS_TOKEN,
            'backbone.mask_token',
            'backbone.dist_token',
            'backbone.reg_token',
            'backbone.register_tokens',
            'backbone.head_dist.',
            'backbone.dino_head.',
            'backbone.ibot_head.',
            'head.',
        ),
        num_first_tokens=(1, 0, 2, 5),
        first_token_is_added=False,
        kernel='bicubic',
    ),
}
TARGETS = ('vitpose_mm', 'mmpose', 'hf', 'official')

# What a whole backbone and each decoder consist of, in our names.
BACKBONE_PARTS = ('backbone.patch_embed.proj', 'backbone.last_norm')
BLOCK_PARTS = ('norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2')
