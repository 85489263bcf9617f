# Pre-trained on the whole images that these people are in.
_base_ = 'coco_aic_crops_224.py'

whole = [dict(crops, whole_images=True) for crops in _base_.train_dataloader.dataset.datasets]
train_dataloader = dict(dataset=dict(datasets=whole))
