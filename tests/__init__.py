"""The tests. Settings that must be made before a framework is imported."""

import os

# TensorFlow's own kernels cannot compute dilated transposed convolutions on a CPU, those of oneDNN can; by default it
# uses them on some processors only.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
