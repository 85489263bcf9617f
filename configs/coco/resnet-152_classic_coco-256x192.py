# ResNet-152 with the classic decoder: the crops and targets of ViTPose, the optimiser of SimpleBaseline.
# (The paper's figures are SimpleBaseline's in MMPose, whose targets are not unbiased.)
_base_ = [
    '../_base_/schedules/adam_210e.py',
    '../_base_/data/coco_256x192.py',
    '../_base_/models/resnet_152.py',
]
model = dict(head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec))
