# The part of COCO that stands beside LSPET, alone; scored on detected boxes, crops of 128x96.
_base_ = ['coco_lspet_128x96.py']

people = [_base_.people[0]]
train_dataloader = dict(dataset=dict(datasets=people))
