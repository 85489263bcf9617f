# The pipeline of `masked_224.py` for crops of 128, on one CPU core.
_base_ = 'masked_224.py'

crop_size = 128
small_pipeline = [
    *_base_.pretraining_pipeline[:2],
    dict(_base_.pretraining_pipeline[2], scale=crop_size),
    *_base_.pretraining_pipeline[3:],
]
train_dataloader = dict(batch_size=64, num_workers=1)
