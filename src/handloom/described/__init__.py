"""Gestures in words: descriptions in YAML, and the joints of the hands that they describe.

One way through, as everywhere in handloom:

    reading.py         YAML files               ->  Gesture: hand shapes, views, movement (the language: schema.py)
    people.py          a seed                   ->  Person: bones and habits
    performance.py     Gesture, Person          ->  what one picture or clip shows, drawn at random
    skeleton.py        hand shape               ->  21 joints in space, then in a picture
    cameras.py         joints in space          ->  joints in pictures of many cameras, thousands at once
    landmark_error.py  joints in pictures       ->  where MediaPipe would see them
    joint_sets.py      all of it                ->  thousands of joint sets of a pose, clips of joints of an action
"""
