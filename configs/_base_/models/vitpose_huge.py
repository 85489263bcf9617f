# ViT-H; pre-trained weights as in vitpose_base.py.
_base_ = 'vitpose_base.py'

layer_decay_rate = 0.85  # the released configs; the paper's table says 0.80
model = dict(backbone=dict(arch='huge', drop_path_rate=0.55), head=dict(in_channels=1280))
