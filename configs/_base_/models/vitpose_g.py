# Our guess of ViTPose-G: its sizes were never published. These are ViT-g's, a billion parameters; heads of 88.
_base_ = 'vitpose_base.py'

model = dict(
    backbone=dict(arch='giant', drop_path_rate=0.55, with_cp=True),
    head=dict(in_channels=1408),
)
