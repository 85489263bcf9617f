# MMPose's runtime; a resumed run continues at the next unseen sample, an unreadable image is skipped and counted, and so is
# an update whose loss or gradient is not finite.
# Two checkpoints are kept, because MMEngine removes an old one before it writes the new one. They are complete or not
# there, and a signal that ends the run saves one first.
_base_ = 'mmpose::_base_/default_runtime.py'

custom_hooks = [
    *_base_.custom_hooks,
    dict(type='vitpose_mm.ExactResumeHook'),
    dict(type='vitpose_mm.BadImageHook'),
    dict(type='vitpose_mm.NonFiniteHook'),
    dict(type='vitpose_mm.StopSignalHook'),
    dict(type='vitpose_mm.ResumeCheckHook'),
    dict(type='vitpose_mm.PlainCheckpointHook'),
]
optim_wrapper = dict(type='vitpose_mm.FiniteOptimWrapper')
default_hooks = dict(
    checkpoint=dict(save_best='coco/AP', rule='greater', max_keep_ckpts=2, backend_args=dict(backend='vitpose_mm')),
)
env_cfg = dict(dist_cfg=dict(timeout=900))  # seconds that a process waits for the others, which may be gone
