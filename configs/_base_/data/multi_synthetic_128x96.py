# COCO's, AI Challenger's and MPII's keypoints of rendered people, a head each; crops of 128x96.
_base_ = ['loaders.py', 'synthetic_labels.py', 'crop_close_128x96.py']

# Flips, a little rotation and zoom: a few hundred people are seen thirty times.
augment = [
    _base_.augment[0],
    dict(type='RandomBBoxTransform', shift_prob=0.0, scale_factor=(0.85, 1.15), rotate_factor=15.0),
]
train_pipeline = [*_base_.load, *augment, _base_.crop, _base_.target, _base_.pack]

dataset_type = 'CocoDataset'
whole = dict(from_file='configs/_base_/datasets/coco.py')  # a path in MMPose; the metainfo that a checkpoint gets
keypoint_heads = dict(coco=dict(out_channels=17), aic=dict(out_channels=14), mpii=dict(out_channels=16))
train_mpii = dict(_base_.mpii_train, pipeline=[_base_.mpii_from_zero, *train_pipeline])
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(
        datasets=dict(coco=_base_.coco_train, aic=_base_.aic_train, mpii=train_mpii),
        metainfo=whole,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type='vitpose_mm.MultiDataset',
        datasets=dict(coco=_base_.coco_val, aic=_base_.aic_val, mpii=_base_.mpii_val),
        metainfo=whole,
        pipeline=_base_.val_pipeline,
    ),
)
test_dataloader = val_dataloader
# AI Challenger's sigmas ask for a precision of 2 pixels of such a crop: the share within a tenth of the box says more.
aic_scores = [_base_.aic_val_metric, dict(type='PCKAccuracy', thr=0.1)]
val_evaluator = dict(
    type='vitpose_mm.SubsetMetric',
    subsets=dict(coco=_base_.coco_val_metric, aic=aic_scores, mpii=_base_.mpii_val_metric),
)
test_evaluator = val_evaluator
