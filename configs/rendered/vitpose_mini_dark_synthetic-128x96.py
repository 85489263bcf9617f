# The mini model with DARK's unbiased heatmaps and decoding in place of UDP's, for comparison.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

decoder = dict(type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1, unbiased=True)
codec = dict(_delete_=True, **decoder)
crop = dict(_base_.crop, use_udp=False)
target = dict(type='GenerateTarget', encoder=decoder)
train_pipeline = [*_base_.load, _base_.augment[0], crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
# half a heatmap pixel lies between an image and its mirror without UDP
model = dict(head=dict(decoder=dict(_delete_=True, **decoder)), test_cfg=dict(shift_heatmap=True))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
