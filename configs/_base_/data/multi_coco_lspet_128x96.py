# COCO's keypoints on a part of COCO, AI Challenger's on LSPET, a head each, scored on both; crops of 128x96.
_base_ = ['loaders.py', 'coco_lspet.py', 'lspet_aic.py', 'crop_128x96.py']

dataset_type = 'CocoDataset'
whole = dict(from_file='configs/_base_/datasets/coco.py')  # a path in MMPose; the metainfo that a checkpoint gets
keypoint_heads = dict(coco=dict(out_channels=17), aic=dict(out_channels=14))
train_dataloader = dict(
    dataset=dict(
        datasets=dict(coco=_base_.coco_train, aic=_base_.lspet_aic_train),
        metainfo=whole,
        pipeline=_base_.train_pipeline,
    )
)
scored = dict(
    type='vitpose_mm.MultiDataset',
    datasets=dict(coco=dict(_base_.coco_val, bbox_file=''), aic=_base_.lspet_aic_val),
    metainfo=whole,
    pipeline=_base_.val_pipeline,
)
val_dataloader = dict(dataset=scored)
test_dataloader = dict(dataset=dict(scored, datasets=dict(coco=_base_.coco_val, aic=_base_.lspet_aic_val)))
val_evaluator = dict(
    type='vitpose_mm.SubsetMetric',
    subsets=dict(coco=_base_.coco_val_metric, aic=_base_.lspet_aic_val_metric),
)
test_evaluator = val_evaluator
