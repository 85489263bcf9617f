# ResNet-18 from random weights on rendered people with the simple decoder, which takes a step of eight.
_base_ = 'resnet-18_classic_synthetic-128x96.py'

old = _base_.model.head
head = dict(type='vitpose_mm.SimpleHead', in_channels=512, num_upsamples=old.num_upsamples)
model = dict(head=dict(_delete_=True, **head, out_channels=_base_.num_keypoints, decoder=_base_.codec))
