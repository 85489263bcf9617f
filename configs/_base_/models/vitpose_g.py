# Our guess of ViTPose-G: its sizes were never published. These are ViT-g's, a billion parameters; heads of 88.
_base_ = 'vitpose_base.py'

layer_decay_rate = 0.85
embed_dims = 1408
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=embed_dims, num_layers=40, num_heads=16, mlp_ratio=6144 / embed_dims),
        drop_path_rate=0.55,
        with_cp=True,
    ),
    head=dict(in_channels=embed_dims),
)
