"""The embedded data set: drawn hands, made from gestures that are described in YAML (`handloom.described`).

One way through, as everywhere in handloom:

    flesh.py         joints                ->  tapered capsules, and their depth image
    drawing.py       depth image           ->  shaded skin on a background
    draw.py          all of it             ->  folders of files and the table of true joints
"""

from handloom.sample.draw import draw_clips, draw_photos

__all__ = ["draw_clips", "draw_photos"]
