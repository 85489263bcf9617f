# ViT-H with a decoder for each dataset. A leaf names them: head=dict(heads=dict(coco=dict(out_channels=17), ...)).
_base_ = ['vitpose_huge.py', 'router.py']

model = dict(head=dict(_base_.router, _delete_=True, shared=_base_.model.head))
