"""Recursive language models; knows nothing of video.  So far: `rlm.models`, its client layer."""
