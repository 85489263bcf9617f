# ResNet-50 of MMPose from torchvision's ImageNet weights; its stride is 32, so the head takes three steps of two.
_base_ = 'estimator.py'

model = dict(
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(in_channels=2048, num_upsamples=3),
)
