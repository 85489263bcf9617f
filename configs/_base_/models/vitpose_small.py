# ViT-S; pre-trained weights as in vitpose_base.py.
_base_ = 'vitpose_base.py'

model = dict(backbone=dict(arch='small', drop_path_rate=0.1), head=dict(in_channels=384))
