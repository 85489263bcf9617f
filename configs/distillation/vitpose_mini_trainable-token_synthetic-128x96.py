# Control: a token that is trained with the student, in place of the tuned one.
_base_ = 'vitpose_mini_from-midi_synthetic-128x96.py'

model = dict(token='trainable')
