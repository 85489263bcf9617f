# Person boxes of the synthetic people, images of 256x192; it inherits the model because MMDetection's base
# configs bind data and model in one file.
_base_ = ['../models/rtmdet_mini.py', 'synthetic.py']

size = (256, 192)  # width, height
fill = dict(type='Pad', size=size, pad_val=dict(img=(114, 114, 114)))
keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=size, ratio_range=(0.8, 1.3), keep_ratio=True),
    dict(type='RandomCrop', crop_size=size, allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
    fill,
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=size, keep_ratio=True),
    fill,
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=keys),
]
people = dict(metainfo=dict(classes=('person',)), data_root=_base_.synthetic_root)
train = dict(
    people,
    ann_file=_base_.synthetic_train.ann_file,
    data_prefix=_base_.synthetic_train.data_prefix,
    filter_cfg=dict(filter_empty_gt=False, min_size=2),
    pipeline=train_pipeline,
)
val = dict(
    people,
    ann_file=_base_.synthetic_val.ann_file,
    data_prefix=_base_.synthetic_val.data_prefix,
    pipeline=test_pipeline,
)
train_dataloader = dict(batch_size=4, num_workers=1, pin_memory=False, dataset=train)
val_dataloader = dict(batch_size=8, num_workers=1, dataset=val)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=_base_.synthetic_val_metric.ann_file)
test_evaluator = val_evaluator
