# From an image to a person's box, and the paper's augmentation of that box: flip, half body, scale, rotation, no shift.
data_mode = 'topdown'  # MMPose's inferencers read this, and dataset_type of the other files
load = [dict(type='vitpose_mm.SafeLoadImage'), dict(type='GetBBoxCenterScale')]
augment = [
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomHalfBody', min_total_keypoints=9, prob=0.3),  # more than 8 visible
    # The paper's rotation of 40 is a standard deviation, cut at +-80; MMPose 1.x asks for the cut.
    dict(type='RandomBBoxTransform', shift_prob=0.0, scale_factor=(0.5, 1.5), rotate_factor=80.0),
]
# What a training step reads. The raw annotation is left out: copying polygons takes a fifth of the loading time.
pack = dict(
    type='PackPoseInputs',
    meta_keys=(
        *('id', 'img_id', 'img_path', 'category_id', 'crowd_index', 'ori_shape', 'img_shape'),
        *('input_size', 'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices', 'dataset_name'),
    ),
)
