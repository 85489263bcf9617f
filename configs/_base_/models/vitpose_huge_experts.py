# ViTPose++-H: a decoder and an expert in every block for each of six datasets.
_base_ = ['vitpose_huge_routed.py', 'six_datasets.py']

model = _base_.experts
