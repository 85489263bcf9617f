# Full attention at 1/8 features: 32x24 tokens of overlapping patches. (The paper trained this row in fp16: --amp.)
_base_ = '../coco/vitpose_base_classic_coco-256x192.py'

model = dict(
    backbone=dict(patch_ratio=2, attention='full', window_size=(8, 8)),
    head=dict(num_upsamples=1),  # the heatmaps stay 64x48
)
