# From an image to a crop for a masked autoencoder: the square around the box, then MAE's random crop and flip.
crop_size = 224
pretraining_pipeline = [
    dict(type='vitpose_mm.SafeLoadImage'),
    dict(type='vitpose_mm.SquareCrop', context=1.25),
    dict(
        type='mmpretrain.RandomResizedCrop',
        scale=crop_size,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
    dict(type='mmpretrain.RandomFlip', prob=0.5),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_id', 'img_path')),
]
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='vitpose_mm.SeededSampler'),
    collate_fn=dict(type='default_collate'),
    dataset=dict(type='vitpose_mm.MultiDataset'),
)
