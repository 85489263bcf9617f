# Trained on COCO and AI Challenger, each with a head of its own, and scored on both; crops of 256x192.
_base_ = ['loaders.py', 'coco.py', 'aic.py', 'crop_256x192.py']

dataset_type = 'CocoDataset'
whole = dict(from_file='configs/_base_/datasets/coco.py')  # a path in MMPose; the metainfo that a checkpoint gets
keypoint_heads = dict(coco=dict(out_channels=17), aic=dict(out_channels=14))
train_dataloader = dict(
    dataset=dict(
        datasets=dict(coco=_base_.coco_train, aic=_base_.aic_train),
        metainfo=whole,
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type='vitpose_mm.MultiDataset',
        datasets=dict(coco=_base_.coco_val, aic=_base_.aic_val),
        metainfo=whole,
        pipeline=_base_.val_pipeline,
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='vitpose_mm.SubsetMetric',
    subsets=dict(coco=_base_.coco_val_metric, aic=_base_.aic_val_metric),
)
test_evaluator = val_evaluator
