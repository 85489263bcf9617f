# ViT-L; pre-trained weights as in vitpose_base.py.
_base_ = 'vitpose_base.py'

model = dict(backbone=dict(arch='large', drop_path_rate=0.5), head=dict(in_channels=1024))
