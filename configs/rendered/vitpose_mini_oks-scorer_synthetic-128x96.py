# The mini model with predicted OKS for scores: a small net on the keypoints of a person, trained beside the heatmaps.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

# COCO's
sigmas = [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089]
model = dict(head=dict(oks_scorer=dict(sigmas=sigmas)))
# its targets change while the heatmaps learn, so it has to follow faster
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(oks_scorer=dict(lr_mult=10))))
