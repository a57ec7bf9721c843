"""Recursive language models; knows nothing of video.  Nothing is here yet."""
