# ViT-H; pre-trained weights as in vitpose_base.py.
_base_ = 'vitpose_base.py'

model = dict(backbone=dict(arch='huge', drop_path_rate=0.55), head=dict(in_channels=1280))
