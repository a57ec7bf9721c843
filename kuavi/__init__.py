"""KUAVi: video files become a searchable, action-aware index."""
