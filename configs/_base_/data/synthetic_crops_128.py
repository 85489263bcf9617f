# Pre-trained on drawn people, without their keypoints.
_base_ = ['masked_128.py', 'synthetic.py']

synthetic_crops = dict(
    type='vitpose_mm.PersonCrops',
    data_root=_base_.synthetic_root,
    ann_file=_base_.synthetic_train['ann_file'],
    data_prefix=_base_.synthetic_train['data_prefix'],
    pipeline=_base_.small_pipeline,
)
train_dataloader = dict(dataset=dict(datasets=[synthetic_crops]))
