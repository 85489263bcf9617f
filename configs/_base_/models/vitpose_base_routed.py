# ViT-B with a decoder for each dataset. A leaf names them: head=dict(heads=dict(coco=dict(out_channels=17), ...)).
_base_ = 'vitpose_base.py'

model = dict(
    head=dict(
        _delete_=True,
        type='vitpose_mm.DatasetRouter',
        shared=_base_.model.head,
        default='coco',
        aliases={'ochuman': 'coco', 'Human-Art': 'coco'},  # COCO's keypoints, never trained on
    )
)
