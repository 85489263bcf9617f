# The mini model of rendered people for MPII's labels alone.
_base_ = 'vitpose_mini_classic_synthetic-multi-128x96.py'

only = _base_.train_dataloader.dataset.datasets.mpii
scored = _base_.val_dataloader.dataset.datasets.mpii
dataset_type = only.type
model = dict(head=dict(heads=dict(_delete_=True, mpii=_base_.keypoint_heads.mpii), default='mpii'))
train_dataloader = dict(dataset=dict(metainfo=None, datasets=dict(_delete_=True, mpii=only)))
val_dataloader = dict(dataset=dict(metainfo=None, datasets=dict(_delete_=True, mpii=scored)))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(_delete_=True, mpii=_base_.mpii_val_metric))
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mpii/PCK'))
