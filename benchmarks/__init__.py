"""Speed and memory, always as a ratio against something plain in the same run."""
