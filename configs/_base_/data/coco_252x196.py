# Trained on COCO train2017, scored on val2017, crops of 252x196.
_base_ = ['coco_train_val.py', 'crop_252x196.py']

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
