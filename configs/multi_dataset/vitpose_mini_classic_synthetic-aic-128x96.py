# The mini model of rendered people for AI Challenger's labels alone.
_base_ = 'vitpose_mini_classic_synthetic-multi-128x96.py'

only = _base_.train_dataloader.dataset.datasets.aic
scored = _base_.val_dataloader.dataset.datasets.aic
dataset_type = only.type
model = dict(head=dict(heads=dict(_delete_=True, aic=_base_.keypoint_heads.aic), default='aic'))
train_dataloader = dict(dataset=dict(metainfo=None, datasets=dict(_delete_=True, aic=only)))
val_dataloader = dict(dataset=dict(metainfo=None, datasets=dict(_delete_=True, aic=scored)))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(_delete_=True, aic=_base_.aic_scores))
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='aic/AP'))
