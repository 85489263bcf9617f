# ResNet-152, otherwise as ResNet-50.
_base_ = 'resnet_50.py'

model = dict(backbone=dict(depth=152, init_cfg=dict(checkpoint='torchvision://resnet152')))
