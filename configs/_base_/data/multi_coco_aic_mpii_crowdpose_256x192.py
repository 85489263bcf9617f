# COCO, AI Challenger, MPII and CrowdPose, the four sets of the paper's largest training; crops of 256x192.
_base_ = ['multi_coco_aic_mpii_256x192.py', 'crowdpose.py']

keypoint_heads = dict(crowdpose=dict(out_channels=14))
train_dataloader = dict(dataset=dict(datasets=dict(crowdpose=_base_.crowdpose_train)))
val_dataloader = dict(dataset=dict(datasets=dict(crowdpose=_base_.crowdpose_test)))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(crowdpose=_base_.crowdpose_test_metric))
test_evaluator = val_evaluator
