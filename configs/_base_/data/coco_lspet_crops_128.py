# Pre-trained on the people of the part of COCO at hand and of LSPET, without their keypoints.
_base_ = ['masked_128.py', 'coco.py', 'lspet.py']

people = [
    dict(
        type='vitpose_mm.PersonCrops',
        data_root=source['data_root'],
        ann_file=source['ann_file'],
        data_prefix=source['data_prefix'],
        pipeline=_base_.small_pipeline,
    )
    for source in (_base_.coco_train, _base_.lspet_train)
]
train_dataloader = dict(dataset=dict(datasets=people))
