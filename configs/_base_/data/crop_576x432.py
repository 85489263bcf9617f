# Crops of 576x432 (height x width) and heatmaps of a quarter of that; the Gaussians, and the blur before decoding, grow with them.
_base_ = 'topdown.py'

# 3 sigma is not a whole number of pixels: MMPose's codec would draw targets near two of the edges a pixel off.
codec = dict(
    type='vitpose_mm.BatchedUDPHeatmap',
    input_size=(432, 576),
    heatmap_size=(108, 144),
    sigma=4.5,
    blur_kernel_size=27,
)
crop = dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True)
target = dict(type='GenerateTarget', encoder=codec)
train_pipeline = [*_base_.load, *_base_.augment, crop, target, _base_.pack]
val_pipeline = [*_base_.load, crop, dict(type='PackPoseInputs')]
