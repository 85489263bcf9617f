# The mini model on rendered people with the simple decoder.
_base_ = '../quickstart/vitpose_mini_classic_synthetic-128x96.py'

head = dict(type='vitpose_mm.SimpleHead', in_channels=192, out_channels=_base_.num_keypoints, decoder=_base_.codec)
model = dict(head=dict(_delete_=True, **head))
