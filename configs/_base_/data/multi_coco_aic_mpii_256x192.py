# COCO, AI Challenger and MPII, a head each; crops of 256x192.
_base_ = ['multi_coco_aic_256x192.py', 'mpii.py']

keypoint_heads = dict(mpii=dict(out_channels=16))
train_mpii = dict(_base_.mpii_train, pipeline=[_base_.mpii_from_zero, *_base_.train_pipeline])
train_dataloader = dict(dataset=dict(datasets=dict(mpii=train_mpii)))
val_dataloader = dict(dataset=dict(datasets=dict(mpii=_base_.mpii_val)))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(mpii=_base_.mpii_val_metric))
test_evaluator = val_evaluator
