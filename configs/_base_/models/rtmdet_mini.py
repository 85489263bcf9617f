# MMDetection's RTMDet-tiny for one class, two thirds as wide, from random weights, for one device.
_base_ = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'

# in batches of four, statistics of the last ten (the usual .1) cost up to a tenth of AP50
norm = dict(norm_cfg=dict(type='BN', momentum=0.02))
model = dict(
    backbone=dict(widen_factor=0.25, init_cfg=None, **norm),
    neck=dict(in_channels=[64, 128, 256], out_channels=64, **norm),
    # distances as exponentials are near the truth from the start, which counts in a short training
    bbox_head=dict(num_classes=1, in_channels=64, feat_channels=64, exp_on_reg=True, **norm),
    test_cfg=dict(max_per_img=50, score_thr=0.01),
)
