# Crops of 224x224 (height x width) and heatmaps of a quarter of that.
_base_ = 'topdown.py'

codec = dict(type='vitpose_mm.BatchedUDPHeatmap', input_size=(224, 224), heatmap_size=(56, 56), sigma=2)
crop = dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
target = dict(type='GenerateTarget', encoder=codec)
train_pipeline = [*_base_.load, *_base_.augment, crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
