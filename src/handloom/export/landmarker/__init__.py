"""MediaPipe's two hand networks as files for an app, the proof of them, and running them in place of LiteRT."""
