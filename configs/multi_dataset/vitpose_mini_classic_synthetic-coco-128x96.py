# The mini model of rendered people for COCO's labels alone.
_base_ = 'vitpose_mini_classic_synthetic-multi-128x96.py'

only = _base_.train_dataloader.dataset.datasets.coco
scored = _base_.val_dataloader.dataset.datasets.coco
dataset_type = only.type
model = dict(head=dict(heads=dict(_delete_=True, coco=_base_.keypoint_heads.coco)))
train_dataloader = dict(dataset=dict(datasets=dict(_delete_=True, coco=only)))
val_dataloader = dict(dataset=dict(datasets=dict(_delete_=True, coco=scored)))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(_delete_=True, coco=_base_.coco_val_metric))
test_evaluator = val_evaluator
