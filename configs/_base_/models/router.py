# Heads for several datasets, of which COCO's also serves those that have its keypoints and are never trained on.
router = dict(
    type='vitpose_mm.DatasetRouter',
    default='coco',
    aliases={'ochuman': 'coco', 'Human-Art': 'coco'},
)
