"""A page in the browser of this computer: record, train, try, and look at what the pipeline made.

    server.py         addresses and what answers them; serving on loopback
    security.py       who may ask: the address, the origin, the token, one browser at a time
    project.py        the project that is shown: its folders, its parameters
    project_files.py  photos and clips of the classes: list, move, delete, exclude
    exclusions.py     the table of files that are left out
    recording.py      photos and clips that arrive: limited, decoded, named, renamed into place
    settings.py       what is written into conf/config.yaml
    live.py           the camera's frames: joints, and the answers of `Recognizer`
    training.py       `dvc repro` of a kind: start, stop, progress
    repro.py          the process that runs it, and outlives the server
    results.py        what report, check and export wrote
    page/             HTML, CSS and JavaScript, without any build step

The page and the server decide nothing: files lie where a person would put them, and the stages are the project's own.
"""
