# Control: a frozen random token as large as the tuned one, in its place.
_base_ = 'vitpose_mini_from-midi_synthetic-128x96.py'

model = dict(token='random')
