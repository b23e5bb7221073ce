"""The embedded data set: drawn hands, made from gestures that are declared in YAML.

One way through, as everywhere in handloom:

    gestures.py      YAML files            ->  Gesture: hand shapes, views, movement
    performance.py   Gesture, Person       ->  what one picture or clip shows, drawn at random
    skeleton.py      hand shape            ->  21 joints in space, then in the picture
    flesh.py         joints                ->  tapered capsules
    surface.py       capsules              ->  depth image
    drawing.py       depth image           ->  shaded skin on a background
    draw.py          all of it             ->  folders of files and the table of true joints
"""

from handloom.sample.draw import draw_clips, draw_photos
from handloom.sample.gestures import load_gestures

__all__ = ["draw_clips", "draw_photos", "load_gestures"]
