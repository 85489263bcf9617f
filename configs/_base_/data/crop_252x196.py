# Crops of 252x196 (height x width), multiples of the patch size 14, and heatmaps of four times its 18x14 patches.
_base_ = 'topdown.py'

codec = dict(type='UDPHeatmap', input_size=(196, 252), heatmap_size=(56, 72), sigma=2)
crop = dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
target = dict(type='GenerateTarget', encoder=codec)
train_pipeline = [*_base_.load, *_base_.augment, crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
