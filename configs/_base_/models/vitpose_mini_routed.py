# The mini model with a decoder for each dataset, which a leaf names: head=dict(heads=dict(coco=dict(out_channels=17))).
_base_ = 'vitpose_mini.py'

model = dict(
    head=dict(_delete_=True, type='vitpose_mm.DatasetRouter', shared=_base_.model.head, default='coco'),
)
