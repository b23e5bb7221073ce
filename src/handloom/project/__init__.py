"""A project of the user's own, made of the files that handloom's own repository runs with."""
