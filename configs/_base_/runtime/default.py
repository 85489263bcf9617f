# MMPose's runtime; a resumed run continues at the next unseen sample, an unreadable image is skipped and counted.
# Two checkpoints are kept: MMEngine removes an old one before it writes the new one, which may be cut off.
_base_ = 'mmpose::_base_/default_runtime.py'

custom_hooks = [
    *_base_.custom_hooks,
    dict(type='vitpose_mm.ExactResumeHook'),
    dict(type='vitpose_mm.BadImageHook'),
]
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=2))
