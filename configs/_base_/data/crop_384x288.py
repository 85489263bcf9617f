# Crops of 384x288 (height x width) and heatmaps of a quarter of that; the Gaussians, and the blur before decoding, grow with them.
_base_ = 'topdown.py'

codec = dict(
    type='vitpose_mm.BatchedUDPHeatmap', input_size=(288, 384), heatmap_size=(72, 96), sigma=3, blur_kernel_size=17)
crop = dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
target = dict(type='GenerateTarget', encoder=codec)
train_pipeline = [*_base_.load, *_base_.augment, crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
