# A masked autoencoder on ViT-L.
_base_ = 'mae_base.py'

model = dict(backbone=dict(arch='l'), neck=dict(embed_dim=1024))
