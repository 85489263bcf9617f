# A masked autoencoder on ViT-B: MMPretrain's, with 75% of the patches hidden and normalised pixels as the target.
_base_ = 'mmpretrain::_base_/models/mae_vit-base-p16.py'

model = dict(
    data_preprocessor=dict(
        type='mmpretrain.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    )
)
