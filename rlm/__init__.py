"""Recursive language models; knows nothing of video.  To come: see CHANGELOG."""
