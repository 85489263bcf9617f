# Three label sets on rendered people, each on pictures of its own, scored on pictures that bear all three:
#   python tools/make_synthetic.py data/synthetic_coco --images 200 --val 120 --seed 1 --size 256 192
#   python tools/make_synthetic.py data/synthetic_aic  --images 200 --seed 2 --size 256 192
#   python tools/make_synthetic.py data/synthetic_mpii --images 200 --seed 3 --size 256 192
_base_ = ['coco.py', 'aic.py', 'mpii.py']

rendered = 'data/synthetic_'
scored_root = rendered + 'coco/'
train_images = dict(img='train/')
val_images = dict(img='val/')
coco_train = dict(
    data_root=scored_root, ann_file='annotations/person_keypoints_train.json', data_prefix=train_images
)
aic_train = dict(data_root=rendered + 'aic/', ann_file='annotations/aic_train.json', data_prefix=train_images)
mpii_train = dict(data_root=rendered + 'mpii/', ann_file='annotations/mpii_train.json', data_prefix=train_images)
coco_val = dict(
    data_root=scored_root, ann_file='annotations/person_keypoints_val.json', data_prefix=val_images, bbox_file=''
)
aic_val = dict(data_root=scored_root, ann_file='annotations/aic_val.json', data_prefix=val_images)
mpii_val = dict(
    data_root=scored_root,
    ann_file='annotations/mpii_val.json',
    headbox_file=scored_root + 'annotations/mpii_gt_val.mat',
    data_prefix=val_images,
)
coco_val_metric = dict(ann_file=scored_root + coco_val['ann_file'])
aic_val_metric = dict(ann_file=scored_root + aic_val['ann_file'])
