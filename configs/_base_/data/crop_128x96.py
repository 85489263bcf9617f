# Crops of 128x96 (height x width) and heatmaps of a quarter of that.
_base_ = 'topdown.py'

# A peak as wide for its map as sigma 2 is at 256x192; the blur of the decoding fits it: sigma = .3 ((n - 1) / 2 - 1) + .8.
codec = dict(
    type='vitpose_mm.BatchedUDPHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1, blur_kernel_size=5)
crop = dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
target = dict(type='GenerateTarget', encoder=codec)
train_pipeline = [*_base_.load, *_base_.augment, crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
