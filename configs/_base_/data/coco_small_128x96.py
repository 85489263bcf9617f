# The COCO people of `coco_lspet.py` alone; scored on detected boxes, crops of 128x96.
_base_ = ['coco_lspet_128x96.py']

train_dataloader = dict(dataset=dict(datasets=[_base_.coco_train]))
