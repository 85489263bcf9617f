# ResNet-152 with the simple decoder: what a convolutional backbone loses by it, and a ViT does not.
_base_ = 'resnet-152_classic_coco-256x192.py'

model = dict(head=dict(type='vitpose_mm.SimpleHead'))
