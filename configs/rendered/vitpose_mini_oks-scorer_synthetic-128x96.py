# The mini model with predicted OKS for scores: a small net on the keypoints of a person, trained beside the heatmaps.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

# COCO's
sigmas = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107,
    0.107, 0.087, 0.087, 0.089, 0.089,
]  # fmt: skip
model = dict(head=dict(oks_scorer=dict(sigmas=sigmas)))
# its targets change while the heatmaps learn, so it has to follow faster
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(oks_scorer=dict(lr_mult=10))))
