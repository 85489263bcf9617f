# The mini model on rendered people at 64x48.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

codec = dict(input_size=(48, 64), heatmap_size=(12, 16), sigma=0.5, blur_kernel_size=3)
crop = dict(_base_.crop, input_size=codec['input_size'])
target = dict(type='GenerateTarget', encoder=dict(_base_.codec, **codec))
train_pipeline = [*_base_.load, _base_.augment[0], crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
model = dict(backbone=dict(input_size=codec['input_size']), head=dict(decoder=codec))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
