# Crops of 128x96 with a margin of a tenth around the box: so few pixels leave none to spare for a quarter.
_base_ = 'crop_128x96.py'

load = [_base_.load[0], dict(type='GetBBoxCenterScale', padding=1.1)]
train_pipeline = [*load, *_base_.augment, _base_.crop, _base_.target, _base_.pack]
val_pipeline = [*load, _base_.crop, dict(type='PackPoseInputs')]
