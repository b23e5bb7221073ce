"""08 Live: when an action begins and ends. With the model of 03_actions.py; on the command line: 08_live.sh."""

import av
import draw

from handloom import Predictor, Recognizer

predictor = Predictor.open("outputs/actions/HandActionClassifier.mlmodel")
clip = next(draw.clips("outputs/clips").glob("swipe_left/*.mp4"))

# A camera's frames go the same way: RGB, upright, not mirrored, each with its time in seconds.
with Recognizer(predictor, threshold=0.6, stride=5) as recognizer, av.open(str(clip)) as video:
    for frame in video.decode(video=0):
        for event in recognizer.add_frame(frame.to_ndarray(format="rgb24"), float(frame.time or 0)):
            print(f"{event.time:.2f} s: {event.label} {event.kind}")
    for event in recognizer.close():
        print(f"{event.time:.2f} s: {event.label} {event.kind}, at the end of the stream")
