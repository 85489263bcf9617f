# A few thousand people of several datasets on one GPU.
_base_ = 'adamw_100e.py'

default_hooks = dict(visualization=dict(type='vitpose_mm.SubsetVisualizationHook'))
