# The recipe of SimpleBaseline (Xiao et al. 2018) as MMPose ships it: Adam, one learning rate for every layer.
_base_ = 'steps_210e.py'

optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-4))
