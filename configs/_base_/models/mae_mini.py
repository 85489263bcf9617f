# A masked autoencoder on the encoder of vitpose_mini.py, for square crops of 128: 64 patches, 16 of them visible.
_base_ = 'mae_base.py'

embed_dims = 192
model = dict(
    backbone=dict(
        img_size=128,
        arch=dict(
            _delete_=True, embed_dims=embed_dims, num_layers=6, num_heads=6, feedforward_channels=4 * embed_dims
        ),
    ),
    neck=dict(num_patches=64, embed_dim=embed_dims, decoder_embed_dim=96, decoder_depth=2, decoder_num_heads=3),
)
